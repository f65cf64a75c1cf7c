/// @file
/// The library's log.
#ifndef UCWA_LOG_HPP
#define UCWA_LOG_HPP

#include "text.hpp"

#include <functional>
#include <mutex>

namespace ucwa {

/// How detailed a line of the log is.
enum class log_level : std::int32_t {
    error = UCWA_LOG_ERROR, ///< What failed.
    warn = UCWA_LOG_WARN,   ///< What went on in spite of a trouble.
    info = UCWA_LOG_INFO,   ///< Sign-ins, tokens, requests that are repeated.
    debug = UCWA_LOG_DEBUG, ///< Every request.
    trace = UCWA_LOG_TRACE  ///< Everything.
};

/// Takes one line of the log: its level, the part of the library, and the text, good for the call. It runs on any
/// thread, perhaps on several at once, and calls no function of this library. What it throws is dropped.
using log_callback = std::function<void(log_level level, std::string_view target, std::string_view message)>;

namespace detail {

/// The callback of the whole process.
class log_slot {
public:
    static log_slot &instance()
    {
        // Never destroyed: lines may arise while the process ends.
        static log_slot *const slot = new log_slot;
        return *slot;
    }

    void set(std::int32_t max_level, log_callback callback)
    {
        if (inside()) {
            // The library refuses it as well; but to wait for the lock here could be for ever.
            failure what;
            what.status = status::conflict;
            what.message = "the log callback cannot replace itself";
            what.json = "{\"status\":\"UCWA_CONFLICT\",\"message\":\"" + what.message + "\"}";
            raise(std::move(what));
        }
        auto next = callback ? std::make_unique<log_callback>(std::move(callback)) : nullptr;
        const std::lock_guard<std::mutex> guard(lock_);
        check(ucwa_set_log_callback(next ? max_level : 0, next ? forward : nullptr, next.get()));
        // The former one runs no more, and is freed last.
        current_.swap(next);
    }

private:
    static bool &inside() noexcept
    {
        static thread_local bool is = false;
        return is;
    }

    static void forward(std::int32_t level, const char *target, const char *message, void *user_data) noexcept
    {
        inside() = true;
        try {
            (*static_cast<const log_callback *>(user_data))(static_cast<log_level>(level), target, message);
        } catch (...) {
            // Nobody is there to hear of it.
        }
        inside() = false;
    }

    std::mutex lock_;
    std::unique_ptr<log_callback> current_;
};

} // namespace detail

/// Sets what takes the library's log, for the whole process; an empty function removes it. When it returns, the former
/// one runs no more. From within the callback it is ucwa::conflict_error.
inline void set_log_callback(log_level most_detailed, log_callback callback)
{
    detail::log_slot::instance().set(static_cast<std::int32_t>(most_detailed), std::move(callback));
}

/// Removes what takes the library's log.
inline void reset_log_callback()
{
    detail::log_slot::instance().set(0, nullptr);
}

} // namespace ucwa

#endif
