/// @file
/// libucwa for C++17: the presence of people on Skype for Business Server.
///
/// A layer over the C library that has no code of its own to link: include it, and link with -lucwa.
///
///     #include <iostream>
///     #include <ucwa.hpp>
///
///     int main()
///     try {
///         ucwa::config config;
///         config.sign_in_address("sip:lenea@contoso.com").password("Pa$$w0rd");
///         ucwa::application application = ucwa::sign_in(config);
///         ucwa::presence presence = application.contact_presence("sip:SaraD@contoso.com");
///         std::cout << presence.availability.value_or("?") << '\n';
///         application.sign_out();
///     } catch (const ucwa::error &error) {
///         std::cerr << error.what() << '\n';
///         return 1;
///     }
///
/// - Failures are exceptions, derived from ucwa::error: one class for each status.
/// - Handles free themselves, can be moved and not copied. What was moved from answers ucwa::invalid_argument_error.
/// - Texts are UTF-8. They come in as std::string_view, which need not end with NUL and may hold none within, and go
///   out as std::string. What the server did not say is an empty std::optional.
/// - Time is std::chrono: durations for timeouts, points of std::chrono::system_clock for dates.
/// - A method is its C function's name without `ucwa_` and `get_`, with few exceptions. ucwa.h is the manual of all of
///   them: what it says of threads, forking, contacts, groups and paths holds here, too.
#ifndef UCWA_HPP
#define UCWA_HPP

#if __cplusplus < 201703L && (!defined(_MSVC_LANG) || _MSVC_LANG < 201703L)
#error "ucwa.hpp needs C++17; ucwa.h, the library in C, does with C++11"
#endif

#include "ucwa/application.hpp"
#include "ucwa/config.hpp"
#include "ucwa/error.hpp"
#include "ucwa/events.hpp"
#include "ucwa/json.hpp"
#include "ucwa/log.hpp"
#include "ucwa/text.hpp"
#include "ucwa/values.hpp"

#endif
