/// @file
/// Texts on their way into the library and out of it, and results of C functions.
#ifndef UCWA_TEXT_HPP
#define UCWA_TEXT_HPP

#include "error.hpp"

#include <initializer_list>
#include <type_traits>

namespace ucwa {

/// A text that a C function returned, as a string; throws what failed where it is NULL. It takes ownership. Together
/// with application::handle() it makes C functions at home here: `ucwa::owned(ucwa_get_me(application.handle()))`.
inline std::string owned(char *text)
{
    if (text == nullptr) {
        detail::raise_last();
    }
    const detail::text_handle owner(text);
    detail::thrown_by_callback() = nullptr;
    return text;
}

/// Throws what failed in a C function that returned a status.
inline void check(ucwa_status result)
{
    if (result != UCWA_OK) {
        detail::raise_last();
    }
    detail::thrown_by_callback() = nullptr;
}

namespace detail {

/// Overwrites a text before its memory is given back.
inline void wipe(std::string &text) noexcept
{
    volatile char *bytes = text.data();
    for (std::size_t i = 0; i < text.size(); i++) {
        bytes[i] = 0;
    }
}

/// A text on its way in: with a NUL at its end and none within, or NULL. It may be a password, so it is wiped.
class c_text {
public:
    c_text(std::optional<std::string_view> text, const char *name)
    {
        if (!text) {
            return;
        }
        const std::size_t nul = text->find('\0');
        if (nul != std::string_view::npos) {
            // C would read the half before it, and perhaps act on that.
            raise_argument(std::string(name) + " has a NUL character within (byte " + std::to_string(nul) + ")");
        }
        text_.emplace(*text);
    }
    c_text(const c_text &) = delete;
    c_text &operator=(const c_text &) = delete;
    ~c_text()
    {
        if (text_) {
            wipe(*text_);
        }
    }

    const char *get() const noexcept { return text_ ? text_->c_str() : nullptr; }

private:
    std::optional<std::string> text_;
};

/// A JSON string.
inline std::string quoted(std::string_view text)
{
    static constexpr char digits[] = "0123456789abcdef";
    std::string json = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (byte < 0x20) {
            json += "\\u00";
            json += digits[byte >> 4];
            json += digits[byte & 15];
        } else {
            json += c;
        }
    }
    return json += '"';
}

/// What several texts are given in where they stand in braces.
using texts_in_braces = std::initializer_list<std::string_view>;

/// A JSON array of strings.
template <class Texts>
std::string array_of(Texts &&texts)
{
    static_assert(!std::is_convertible_v<Texts, std::string_view>, "several contacts are wanted here; put the one into braces");
    std::string json = "[";
    // Its elements may be made on the way.
    for (auto &&text : texts) {
        json += json.size() == 1 ? "" : ",";
        json += quoted(text);
    }
    return json += ']';
}

} // namespace detail
} // namespace ucwa

#endif
