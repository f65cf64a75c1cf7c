// Exceptions: a class for each status, what they tell, and texts that C could not read.
#include "check.hpp"

#include <type_traits>

using namespace std::string_literals;

// A failure of this kind is thrown as this class, and as no other.
template <ucwa::status... Kinds>
static void each_kind()
{
    (([] {
         ucwa::failure what;
         what.status = Kinds;
         what.message = "the message";
         CHECK_THROWS(ucwa::detail::raise(what), ucwa::error_of<Kinds>, "the message");
         try {
             ucwa::detail::raise(what);
         } catch (const ucwa::error &error) {
             CHECK(error.status() == Kinds && error.details().message == "the message");
         }
         CHECK(std::string(ucwa::to_string(Kinds)) != "UCWA_UNKNOWN");
         CHECK(ucwa::detail::status_named(ucwa::to_string(Kinds)) == Kinds);
     }()),
     ...);
}

static void kinds()
{
    using ucwa::status;
    each_kind<status::invalid_argument, status::invalid_config, status::discovery_failed, status::authentication_failed,
              status::sign_in_elsewhere, status::forbidden, status::not_found, status::conflict, status::throttled, status::server_error,
              status::network, status::tls, status::timeout, status::protocol, status::cancelled, status::forked, status::unsupported,
              status::internal>();
    CHECK(ucwa::to_string(status::not_found) == "UCWA_NOT_FOUND"s);

    // A kind that came after this header, and a name that the library does not know.
    ucwa::failure later;
    later.status = static_cast<status>(-1000);
    CHECK_THROWS(ucwa::detail::raise(later), ucwa::error, "");
    CHECK(ucwa::to_string(later.status) == "UCWA_UNKNOWN"s);
    CHECK(ucwa::detail::status_named("UCWA_ANYTHING") == status::internal);
}

static void shapes()
{
    static_assert(std::is_base_of_v<std::runtime_error, ucwa::error>);
    static_assert(std::is_base_of_v<ucwa::error, ucwa::not_found_error>);
    static_assert(std::is_nothrow_copy_constructible_v<ucwa::not_found_error>);
    static_assert(!std::is_copy_constructible_v<ucwa::config> && std::is_nothrow_move_constructible_v<ucwa::config>);
    static_assert(!std::is_copy_constructible_v<ucwa::application> && std::is_nothrow_move_constructible_v<ucwa::application>);
    static_assert(!std::is_copy_assignable_v<ucwa::application> && std::is_nothrow_move_assignable_v<ucwa::application>);
    static_assert(std::is_nothrow_move_constructible_v<ucwa::json>);
    static_assert(std::is_copy_constructible_v<ucwa::presence>);
}

static void details()
{
    try {
        ucwa::config().set("timeout_ms", "0");
        CHECK(false);
    } catch (const ucwa::error &error) {
        CHECK(error.status() == ucwa::status::invalid_config);
        CHECK(error.json().find("\"status\":\"UCWA_INVALID_CONFIG\"") != std::string::npos);
        CHECK(error.details().message == error.what());
        CHECK(!error.http_status() && !error.code() && !error.subcode() && !error.retry_after());
        // A call in a handler is another call.
        CHECK_THROWS(ucwa::json("{"), ucwa::invalid_argument_error, "not JSON");
        CHECK(error.status() == ucwa::status::invalid_config);
        const ucwa::error copy = error;
        CHECK(copy.json() == error.json());
    }
}

static void texts()
{
    ucwa::config config;
    CHECK_THROWS(config.set("cul\0ture"s, "de-DE"), ucwa::invalid_argument_error, "key has a NUL character within (byte 3)");
    CHECK_THROWS(config.password("half\0half"s), ucwa::invalid_argument_error, "value has a NUL character within (byte 4)");
    CHECK_THROWS(ucwa::json("[1]\0[2]"s), ucwa::invalid_argument_error, "text has a NUL character");
    CHECK_THROWS(ucwa::json("[1]").text("/\0"s), ucwa::invalid_argument_error, "pointer has a NUL character");
    CHECK_THROWS(config.culture("\xFF"), ucwa::invalid_argument_error, "UTF-8");
    try {
        config.password("half\0half"s);
    } catch (const ucwa::error &error) {
        const ucwa::json json(error.json());
        CHECK(json.text("/status") == "UCWA_INVALID_ARGUMENT" && json.text("/message") == error.what());
    }

    // Views that do not end with NUL.
    const std::string line = "culture=de-DE;";
    const std::string_view view = line;
    config.set(view.substr(0, 7), view.substr(8, 5));
    CHECK(config.get("culture") == "de-DE");
    CHECK(ucwa::detail::quoted("a\"b\\c\n\x01 \xC3\xA4") == "\"a\\\"b\\\\c\\u000a\\u0001 \xC3\xA4\"");
    CHECK(ucwa::detail::quoted("a\0b"s) == "\"a\\u0000b\"");
}

// What was moved from is empty, and says so.
static void moved_from()
{
    ucwa::config config;
    ucwa::config other = std::move(config);
    CHECK_THROWS(config.get("culture"), ucwa::invalid_argument_error, "config is NULL");
    CHECK(other.get("culture") == "en-US");
    config = std::move(other);
    CHECK(config.get("culture") == "en-US");
    ucwa_last_error_status();
    CHECK_THROWS(ucwa::application(nullptr), ucwa::invalid_argument_error, "NULL was given");
    CHECK_THROWS(ucwa::application(ucwa_sign_in(nullptr)), ucwa::invalid_argument_error, "config is NULL");
}

int main()
{
    return run([] {
        CHECK(std::string(ucwa::version()) == UCWA_VERSION);
        kinds();
        shapes();
        details();
        texts();
        moved_from();
    });
}
