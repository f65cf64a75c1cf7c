/// @file
/// How an application and its subscriptions, which may outlive it, stand to each other.
#ifndef UCWA_LENDER_HPP
#define UCWA_LENDER_HPP

#include <ucwa.h>

#include <condition_variable>
#include <mutex>
#include <utility>

namespace ucwa {
namespace detail {

/// Lends an application to its subscriptions. Once it ends it is lent no more, and waits until all have given it back:
/// whoever ends it relies on nothing of it running afterwards.
class lender {
public:
    explicit lender(ucwa_application *application) noexcept : application_(application) {}

    /// What is given back in the end.
    class loan {
    public:
        explicit loan(lender *from) noexcept : from_(from) {}
        loan(loan &&other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
        loan &operator=(loan &&) = delete;
        ~loan()
        {
            if (from_ != nullptr) {
                from_->take_back();
            }
        }
        explicit operator bool() const noexcept { return from_ != nullptr; }
        ucwa_application *get() const noexcept { return from_->application_; }

    private:
        lender *from_;
    };

    /// The application, or nothing where it has ended.
    loan lend() noexcept
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (ended_) {
            return loan(nullptr);
        }
        lent_++;
        return loan(this);
    }

    /// Ends the application.
    void end() noexcept
    {
        std::unique_lock<std::mutex> lock(mutex_);
        ended_ = true;
        lock.unlock();
        // Calls of subscriptions return now. Those that a forked child finds under way are its parent's, and never do.
        const bool forked = ucwa_application_cancel(application_) == UCWA_FORKED;
        lock.lock();
        all_back_.wait(lock, [&] { return forked || lent_ == 0; });
        lock.unlock();
        ucwa_application_free(application_);
    }

private:
    void take_back() noexcept
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (--lent_ == 0) {
            all_back_.notify_all();
        }
    }

    ucwa_application *application_;
    std::mutex mutex_;
    std::condition_variable all_back_;
    int lent_ = 0;
    bool ended_ = false;
};

} // namespace detail
} // namespace ucwa

#endif
