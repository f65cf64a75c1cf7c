/// @file
/// A reader of JSON, for what the library hands out as text.
#ifndef UCWA_JSON_HPP
#define UCWA_JSON_HPP

#include "text.hpp"

namespace ucwa {

/// A moment of the system's clock, in milliseconds.
using time_point = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// A parsed JSON text. It never changes, so that any number of threads may read it at once.
///
/// Places in it are named by JSON pointers (RFC 6901): "" is the whole, "/contacts/0/uri" a member. Where nothing is,
/// the answer is empty; where something else is, it is ucwa::invalid_argument_error.
class json {
public:
    /// Parses a text; throws ucwa::invalid_argument_error where it is no JSON.
    explicit json(std::string_view text) : json(detail::json_handle(ucwa_json_parse(detail::c_text(text, "text").get()))) {}
    /// Takes ownership of a C handle; throws this thread's last error where it is NULL.
    explicit json(detail::json_handle handle) : handle_(std::move(handle))
    {
        if (!handle_) {
            detail::raise_last();
        }
    }

    /// A string.
    std::optional<std::string> text(std::string_view pointer) const
    {
        const char *text = ucwa_json_text(handle(), detail::c_text(pointer, "pointer").get());
        return found() ? std::optional<std::string>(text) : std::nullopt;
    }

    /// An integer of 64 bits.
    std::optional<std::int64_t> integer(std::string_view pointer) const
    {
        std::int64_t value = 0;
        ucwa_json_integer(handle(), detail::c_text(pointer, "pointer").get(), &value);
        return found() ? std::optional<std::int64_t>(value) : std::nullopt;
    }

    /// True or false.
    std::optional<bool> boolean(std::string_view pointer) const
    {
        std::int32_t value = 0;
        ucwa_json_boolean(handle(), detail::c_text(pointer, "pointer").get(), &value);
        return found() ? std::optional<bool>(value != 0) : std::nullopt;
    }

    /// How many members an object or elements an array has.
    std::optional<std::size_t> size(std::string_view pointer) const
    {
        const std::size_t count = ucwa_json_size(handle(), detail::c_text(pointer, "pointer").get());
        return found() ? std::optional<std::size_t>(count) : std::nullopt;
    }

    /// A date, from the number of milliseconds beside it: "/lastActive" reads "/lastActiveUnixMs".
    std::optional<time_point> date(std::string_view pointer) const
    {
        const auto value = integer(std::string(pointer) + "UnixMs");
        return value ? std::optional<time_point>(std::chrono::milliseconds(*value)) : std::nullopt;
    }

    /// A member's name as a part of a pointer: `~` and `/` in it are written as `~0` and `~1`.
    static std::string escaped(std::string_view name)
    {
        std::string part;
        for (const char c : name) {
            part += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
        }
        return part;
    }

    /// The C handle, borrowed.
    const ucwa_json *handle() const noexcept { return handle_.get(); }

private:
    /// Whether the last call found what it was asked for.
    static bool found()
    {
        const ucwa_status result = ucwa_last_error_status();
        if (result != UCWA_OK && result != UCWA_NOT_FOUND) {
            detail::raise_last();
        }
        return result == UCWA_OK;
    }

    detail::json_handle handle_;
};

namespace detail {

/// What a C function returned, parsed.
inline json parsed(char *text)
{
    if (text == nullptr) {
        raise_last();
    }
    const text_handle owner(text);
    thrown_by_callback() = nullptr;
    return json(json_handle(ucwa_json_parse(text)));
}

} // namespace detail
} // namespace ucwa

#endif
