// Callbacks: the token's and the log's. What they throw stays on this side.
#include "check.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

static const char *const sara = "sip:SaraD@contoso.com";

static void tokens()
{
    const auto data = std::make_shared<int>(0);
    ucwa::config config = simulator_config();
    config.reset("password").on_token([data](const ucwa::token_challenge &challenge) -> std::optional<std::string> {
        CHECK(challenge.reason == "challenged" && challenge.url.find(challenge.host) == 0 && !challenge.grants.empty());
        CHECK(challenge.token_url);
        ++*data;
        // A call in here is another call: its failure is not the outer one's.
        CHECK_THROWS(ucwa::json("{"), ucwa::invalid_argument_error, "");
        return setting("UCWA_TEST_TOKEN");
    });
    CHECK(data.use_count() == 2);
    {
        ucwa::application application = ucwa::sign_in(config);
        CHECK(*data == 1);
        // The application keeps it.
        config.on_token(nullptr);
        CHECK(data.use_count() == 2);
        CHECK(application.contact_presence(sara).name == "Sara Davis");
        application.sign_out();
    }
    CHECK(data.use_count() == 1);
}

struct vault_locked : std::runtime_error {
    using std::runtime_error::runtime_error;
};

static void tokens_that_do_not_come()
{
    ucwa::config config = simulator_config();
    config.reset("password");
    config.on_token([](const ucwa::token_challenge &) { return std::nullopt; });
    try {
        static_cast<void>(ucwa::sign_in(config));
        CHECK(false);
    } catch (const ucwa::authentication_failed_error &error) {
        CHECK(dynamic_cast<const std::nested_exception *>(&error) == nullptr);
    }

    config.on_token([](const ucwa::token_challenge &) -> std::optional<std::string> { throw vault_locked("the vault is locked"); });
    try {
        static_cast<void>(ucwa::sign_in(config));
        CHECK(false);
    } catch (const ucwa::authentication_failed_error &error) {
        CHECK_THROWS(std::rethrow_if_nested(error), vault_locked, "the vault is locked");
    }

    config.on_token([](const ucwa::token_challenge &) { return std::string("to\0ken", 6); });
    try {
        static_cast<void>(ucwa::sign_in(config));
        CHECK(false);
    } catch (const ucwa::authentication_failed_error &error) {
        CHECK_THROWS(std::rethrow_if_nested(error), ucwa::invalid_argument_error, "token has a NUL character");
    }

    // What was thrown once is not told again.
    CHECK_THROWS(ucwa::config().set("auth", "guessing"), ucwa::invalid_config_error, "auth");
    try {
        static_cast<void>(ucwa::sign_in(simulator_config().password("not-the-one")));
        CHECK(false);
    } catch (const ucwa::authentication_failed_error &error) {
        CHECK(dynamic_cast<const std::nested_exception *>(&error) == nullptr);
    }
}

static void use_the_library()
{
    ucwa::application application = signed_in();
    application.contact_presence(sara);
    application.sign_out();
}

static void log()
{
    std::atomic<int> lines{0};
    const auto data = std::make_shared<int>(0);
    ucwa::set_log_callback(ucwa::log_level::trace, [&lines, data](ucwa::log_level level, std::string_view target, std::string_view message) {
        CHECK(level >= ucwa::log_level::error && level <= ucwa::log_level::trace && target.substr(0, 4) == "ucwa");
        CHECK(message.find(setting("UCWA_TEST_PASSWORD")) == std::string_view::npos);
        lines++;
        throw std::runtime_error("dropped");
    });
    use_the_library();
    CHECK(lines > 0 && data.use_count() == 2);

    const int before = lines;
    ucwa::set_log_callback(ucwa::log_level::info, nullptr);
    use_the_library();
    CHECK(lines == before && data.use_count() == 1);

    std::atomic<int> errors{0};
    ucwa::set_log_callback(ucwa::log_level::error, [&](ucwa::log_level, std::string_view, std::string_view) { errors++; });
    use_the_library();
    CHECK(errors == 0);
    CHECK_THROWS(ucwa::set_log_callback(static_cast<ucwa::log_level>(9), [](auto, auto, auto) {}), ucwa::invalid_argument_error, "max_level");
    ucwa::reset_log_callback();
}

// A removal in another thread waits for a callback that runs, and one from within it is refused: nobody waits for ever.
static void removing_the_log()
{
    std::mutex lock;
    std::condition_variable changed;
    bool entered = false, may_leave = false, left = false;
    std::atomic<bool> removing{false};
    ucwa::set_log_callback(ucwa::log_level::trace, [&](ucwa::log_level, std::string_view, std::string_view) {
        std::unique_lock<std::mutex> guard(lock);
        if (!entered) {
            entered = true;
            changed.notify_all();
            changed.wait(guard, [&] { return may_leave; });
            guard.unlock();
            CHECK_THROWS(ucwa::reset_log_callback(), ucwa::conflict_error, "cannot replace itself");
            guard.lock();
            left = true;
        }
    });
    std::thread user(use_the_library);
    std::unique_lock<std::mutex> guard(lock);
    changed.wait(guard, [&] { return entered; });
    guard.unlock();
    std::thread remover([&] {
        removing = true;
        ucwa::reset_log_callback();
        const std::lock_guard<std::mutex> after(lock);
        CHECK(left);
    });
    // One that does not wait is long done then.
    for (int turns = 0; turns < 1000 || !removing; turns++) {
        std::this_thread::yield();
    }
    guard.lock();
    may_leave = true;
    changed.notify_all();
    guard.unlock();
    remover.join();
    user.join();
}

int main()
{
    return run([] {
        tokens();
        tokens_that_do_not_come();
        log();
        removing_the_log();
    });
}
