/// @file
/// Failures: their kinds, what is known of them, and the exceptions.
#ifndef UCWA_ERROR_HPP
#define UCWA_ERROR_HPP

#include <ucwa.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ucwa {

/// The kind of a failure. Later versions of the library may hand out numbers that are not here.
enum class status : std::int32_t {
    ok = UCWA_OK,                                       ///< No failure.
    invalid_argument = UCWA_INVALID_ARGUMENT,           ///< An argument cannot be used, or the server called it bad.
    invalid_config = UCWA_INVALID_CONFIG,               ///< A configuration key is unknown, or its value cannot be used.
    discovery_failed = UCWA_DISCOVERY_FAILED,           ///< No UCWA server was found for the sign-in address.
    authentication_failed = UCWA_AUTHENTICATION_FAILED, ///< The server refused the credentials or the token.
    sign_in_elsewhere = UCWA_SIGN_IN_ELSEWHERE,         ///< The user has to sign in on a web page.
    forbidden = UCWA_FORBIDDEN,                         ///< The server does not allow it to this user.
    not_found = UCWA_NOT_FOUND,                         ///< There is no such contact, group, link or resource.
    conflict = UCWA_CONFLICT,                           ///< It contradicts the present state, or a name fits several things.
    throttled = UCWA_THROTTLED,                         ///< The server asks for fewer requests.
    server_error = UCWA_SERVER_ERROR,                   ///< The server failed.
    network = UCWA_NETWORK,                             ///< The server could not be reached, or the connection was lost.
    tls = UCWA_TLS,                                     ///< No trusted TLS connection could be made.
    timeout = UCWA_TIMEOUT,                             ///< The time of the call ran out.
    protocol = UCWA_PROTOCOL,                           ///< The answer is not UCWA's.
    cancelled = UCWA_CANCELLED,                         ///< The application was cancelled or signed out.
    forked = UCWA_FORKED,                               ///< The handle belongs to the process that this one was forked from.
    unsupported = UCWA_UNSUPPORTED,                     ///< Not in this build.
    internal = UCWA_INTERNAL                            ///< A defect of the library.
};

/// A status' name in C, such as "UCWA_NOT_FOUND"; "UCWA_UNKNOWN" for one that the library does not know.
inline const char *to_string(status kind) noexcept
{
    return ucwa_status_name(static_cast<std::int32_t>(kind));
}

/// The version of the library that runs, such as "0.1.0"; UCWA_VERSION is that of the header.
inline const char *version() noexcept
{
    return ucwa_version();
}

/// What is known of a failure. What is not known is empty.
struct failure {
    ucwa::status status = ucwa::status::internal;          ///< What programs act on.
    std::string message;                                   ///< For people. Its wording may change at any time.
    std::optional<int> http_status;                        ///< Of the server's answer.
    std::optional<std::string> code;                       ///< The server's own name for it, such as "NotFound".
    std::optional<std::string> subcode;                    ///< The same more exactly, such as "ResourceNotFound".
    std::optional<std::string> request;                    ///< Method and address of the request that failed.
    std::optional<std::string> server_fqdn;                ///< Which front end answered, for the administrator.
    std::optional<std::string> time;                       ///< When it answered, as it says itself.
    std::optional<std::string> diagnostics;                ///< The header X-Ms-diagnostics, raw.
    std::optional<std::string> sign_in_url;                ///< With status::sign_in_elsewhere: the web page.
    std::optional<std::chrono::milliseconds> retry_after;  ///< How long the server asks to wait.
    std::vector<std::string> ids;                          ///< With status::conflict: the ids of the groups that a name fits.
    std::string json;                                      ///< All of it as JSON; empty for a failure within a list.
};

/// What the library throws. Programs catch this, or the class of a status: ucwa::not_found_error and its like.
class error : public std::runtime_error {
public:
    /// A failure as an exception.
    explicit error(failure details)
        : std::runtime_error(details.message), details_(std::make_shared<const failure>(std::move(details)))
    {
    }

    /// The kind of the failure.
    ucwa::status status() const noexcept { return details_->status; }
    /// Everything that is known of it.
    const failure &details() const noexcept { return *details_; }
    /// The HTTP status of the server's answer.
    std::optional<int> http_status() const noexcept { return details_->http_status; }
    /// The server's own name for it, such as "NotFound".
    const std::optional<std::string> &code() const noexcept { return details_->code; }
    /// The same more exactly, such as "ResourceNotFound".
    const std::optional<std::string> &subcode() const noexcept { return details_->subcode; }
    /// How long the server asks to wait.
    std::optional<std::chrono::milliseconds> retry_after() const noexcept { return details_->retry_after; }
    /// All of it as JSON, as ucwa_last_error_json() tells it.
    const std::string &json() const noexcept { return details_->json; }

private:
    // Shared, since copying an exception must not throw.
    std::shared_ptr<const failure> details_;
};

/// The exception of one status.
template <status Kind>
class error_of : public error {
public:
    using error::error;
};

using invalid_argument_error = error_of<status::invalid_argument>;           ///< status::invalid_argument
using invalid_config_error = error_of<status::invalid_config>;               ///< status::invalid_config
using discovery_failed_error = error_of<status::discovery_failed>;           ///< status::discovery_failed
using authentication_failed_error = error_of<status::authentication_failed>; ///< status::authentication_failed
using sign_in_elsewhere_error = error_of<status::sign_in_elsewhere>;         ///< status::sign_in_elsewhere
using forbidden_error = error_of<status::forbidden>;                         ///< status::forbidden
using not_found_error = error_of<status::not_found>;                         ///< status::not_found
using conflict_error = error_of<status::conflict>;                           ///< status::conflict
using throttled_error = error_of<status::throttled>;                         ///< status::throttled
using server_error = error_of<status::server_error>;                         ///< status::server_error
using network_error = error_of<status::network>;                             ///< status::network
using tls_error = error_of<status::tls>;                                     ///< status::tls
using timeout_error = error_of<status::timeout>;                             ///< status::timeout
using protocol_error = error_of<status::protocol>;                           ///< status::protocol
using cancelled_error = error_of<status::cancelled>;                         ///< status::cancelled
using forked_error = error_of<status::forked>;                               ///< status::forked
using unsupported_error = error_of<status::unsupported>;                     ///< status::unsupported
using internal_error = error_of<status::internal>;                           ///< status::internal

namespace detail {

struct text_deleter {
    void operator()(char *text) const noexcept { ucwa_string_free(text); }
};
using text_handle = std::unique_ptr<char, text_deleter>;

struct json_deleter {
    void operator()(ucwa_json *json) const noexcept { ucwa_json_free(json); }
};
using json_handle = std::unique_ptr<ucwa_json, json_deleter>;

/// Members of a JSON object. What is absent, or of another kind, is empty: what a server writes must not make a
/// program fail that does not look at it.
class object {
public:
    explicit object(const ucwa_json *json, std::string place = {}) : json_(json), place_(std::move(place)) {}

    std::optional<std::string> text(const char *name) const
    {
        const char *text = ucwa_json_text(json_, at(name).c_str());
        return text == nullptr ? std::nullopt : std::optional<std::string>(text);
    }

    std::optional<std::int64_t> integer(const char *name) const
    {
        std::int64_t value = 0;
        const ucwa_status result = ucwa_json_integer(json_, at(name).c_str(), &value);
        return result == UCWA_OK ? std::optional<std::int64_t>(value) : std::nullopt;
    }

    std::optional<bool> boolean(const char *name) const
    {
        std::int32_t value = 0;
        const ucwa_status result = ucwa_json_boolean(json_, at(name).c_str(), &value);
        return result == UCWA_OK ? std::optional<bool>(value != 0) : std::nullopt;
    }

    std::size_t size(const char *name) const { return ucwa_json_size(json_, at(name).c_str()); }

    std::vector<std::string> texts(const char *name) const
    {
        std::vector<std::string> found;
        const std::size_t count = size(name);
        for (std::size_t i = 0; i < count; i++) {
            if (const char *text = ucwa_json_text(json_, element(name, i).place_.c_str())) {
                found.emplace_back(text);
            }
        }
        return found;
    }

    object member(const char *name) const { return object(json_, at(name)); }

    object element(const char *name, std::size_t index) const { return object(json_, at(name) + '/' + std::to_string(index)); }

private:
    std::string at(const char *name) const { return place_ + '/' + name; }

    const ucwa_json *json_;
    std::string place_;
};

inline ucwa::status status_named(std::string_view name) noexcept
{
    // The numbers have no gaps, and those of a later version come after the ones known here.
    for (std::int32_t number = 0;; number--) {
        const std::string_view known = ucwa_status_name(number);
        if (known == name) {
            return static_cast<ucwa::status>(number);
        }
        if (known == "UCWA_UNKNOWN") {
            return status::internal;
        }
    }
}

inline failure read_failure(const object &json)
{
    failure read;
    read.status = status_named(json.text("status").value_or(""));
    read.message = json.text("message").value_or("");
    if (const auto number = json.integer("httpStatus")) {
        read.http_status = static_cast<int>(*number);
    }
    read.code = json.text("code");
    read.subcode = json.text("subcode");
    read.request = json.text("request");
    read.server_fqdn = json.text("serverFqdn");
    read.time = json.text("time");
    read.diagnostics = json.text("diagnostics");
    read.sign_in_url = json.text("signInUrl");
    if (const auto wait = json.integer("retryAfterMs")) {
        read.retry_after = std::chrono::milliseconds(*wait);
    }
    read.ids = json.texts("ids");
    return read;
}

/// What a callback of this thread's call threw: it cannot pass through the library, and goes around it.
inline std::exception_ptr &thrown_by_callback() noexcept
{
    static thread_local std::exception_ptr slot;
    return slot;
}

template <status Kind>
[[noreturn]] void raise_as(failure what, const std::exception_ptr &cause)
{
    error_of<Kind> raised(std::move(what));
    if (cause) {
        try {
            std::rethrow_exception(cause);
        } catch (...) {
            std::throw_with_nested(std::move(raised));
        }
    }
    throw raised;
}

[[noreturn]] inline void raise(failure what, const std::exception_ptr &cause = nullptr)
{
    switch (what.status) {
    case status::invalid_argument: raise_as<status::invalid_argument>(std::move(what), cause);
    case status::invalid_config: raise_as<status::invalid_config>(std::move(what), cause);
    case status::discovery_failed: raise_as<status::discovery_failed>(std::move(what), cause);
    case status::authentication_failed: raise_as<status::authentication_failed>(std::move(what), cause);
    case status::sign_in_elsewhere: raise_as<status::sign_in_elsewhere>(std::move(what), cause);
    case status::forbidden: raise_as<status::forbidden>(std::move(what), cause);
    case status::not_found: raise_as<status::not_found>(std::move(what), cause);
    case status::conflict: raise_as<status::conflict>(std::move(what), cause);
    case status::throttled: raise_as<status::throttled>(std::move(what), cause);
    case status::server_error: raise_as<status::server_error>(std::move(what), cause);
    case status::network: raise_as<status::network>(std::move(what), cause);
    case status::tls: raise_as<status::tls>(std::move(what), cause);
    case status::timeout: raise_as<status::timeout>(std::move(what), cause);
    case status::protocol: raise_as<status::protocol>(std::move(what), cause);
    case status::cancelled: raise_as<status::cancelled>(std::move(what), cause);
    case status::forked: raise_as<status::forked>(std::move(what), cause);
    case status::unsupported: raise_as<status::unsupported>(std::move(what), cause);
    case status::internal: raise_as<status::internal>(std::move(what), cause);
    case status::ok: break;
    }
    // A kind that came after this header.
    throw error(std::move(what));
}

/// Throws what is a failure of these headers' own to make.
[[noreturn]] inline void raise_own(status kind, std::string message)
{
    failure what;
    what.status = kind;
    // The messages are this library's, and need no escapes.
    what.json = std::string("{\"status\":\"") + ucwa_status_name(static_cast<ucwa_status>(kind)) + "\",\"message\":\"" + message + "\"}";
    what.message = std::move(message);
    raise(std::move(what));
}

[[noreturn]] inline void raise_argument(std::string message)
{
    raise_own(status::invalid_argument, std::move(message));
}

/// Throws the failure of this thread's last call.
[[noreturn]] inline void raise_last()
{
    const auto kind = static_cast<ucwa::status>(ucwa_last_error_status());
    if (kind == status::ok) {
        raise_argument("NULL was given, though no call of this thread had failed");
    }
    failure what;
    what.message = ucwa_last_error_message();
    // Reading sets the last error anew: from here on it is another one.
    if (const text_handle text{ucwa_last_error_json()}) {
        if (const json_handle json{ucwa_json_parse(text.get())}) {
            what = read_failure(object(json.get()));
        }
        what.json = text.get();
    }
    what.status = kind;
    std::exception_ptr cause = std::exchange(thrown_by_callback(), nullptr);
    if (kind != status::authentication_failed) {
        cause = nullptr;
    }
    raise(std::move(what), cause);
}

} // namespace detail
} // namespace ucwa

#endif
