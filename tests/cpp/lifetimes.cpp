// What outlives what: callbacks that are at work when their application goes, and destructors that run after main.
#include "check.hpp"

#include <atomic>
#include <iostream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace std::chrono_literals;

namespace {

constexpr const char *sara = "sip:SaraD@contoso.com";
constexpr const char *alex = "sip:AlexD@contoso.com";

// The driver answers once the server holds the request that the callback makes.
void wait_for_the_server()
{
    std::cout << "calling" << std::endl;
    std::string line;
    CHECK(std::getline(std::cin, line).good());
}

// Signs out when the program ends, after all that this thread kept for itself is gone.
struct at_the_end {
    std::optional<ucwa::application> application;

    ~at_the_end()
    {
        if (!application) {
            return;
        }
        try {
            CHECK(application->contact_presence(sara).name == "Sara Davis");
            CHECK(!application->next_event(0ms));
            CHECK_THROWS(application->contact_presence("sip:nobody@contoso.com"), ucwa::not_found_error, "nobody");
            const ucwa::json json("{\"a\":1}");
            CHECK(json.integer("/a") == 1 && !json.integer("/b"));
            CHECK_THROWS(json.text("/a"), ucwa::invalid_argument_error, "no string");
            application->sign_out();
            CHECK_THROWS(application->sign_out(), ucwa::cancelled_error, "");
        } catch (const std::exception &error) {
            failed(__FILE__, __LINE__, error.what());
        }
        application.reset();
    }
};

at_the_end session;

} // namespace

int main()
{
    return run([] {
        session.application.emplace(signed_in());
        bool over = false;
        {
            std::vector<std::string> seen;
            std::optional<ucwa::subscription> subscription;
            std::atomic<bool> called{false};
            ucwa::application application = signed_in();
            subscription = application.subscribe_presence({sara});
            application.on_event([&](const ucwa::event &event) {
                called = true;
                CHECK_THROWS(subscription->add({alex}), ucwa::cancelled_error, "");
                CHECK_THROWS(subscription->add({alex}), ucwa::invalid_argument_error, "application is gone");
                CHECK_THROWS(application.health(), ucwa::cancelled_error, "");
                seen.push_back(event.json);
                over = true;
            });
            while (!called) {
                std::this_thread::yield();
            }
            wait_for_the_server();
            // A forked child has its copies, and nobody who would ever give back what the parent has lent.
            const pid_t child = fork();
            if (child == 0) {
                { const ucwa::application gone = std::move(application); }
                subscription->unsubscribe();
                std::_Exit(0);
            }
            int status = -1;
            CHECK(waitpid(child, &status, 0) == child && status == 0);
        }
        CHECK(over);

        // An application that goes in its own callback.
        {
            auto application = std::make_unique<ucwa::application>(signed_in());
            const ucwa::subscription subscription = application->subscribe_presence({sara});
            std::atomic<bool> gone{false};
            application->on_event([&](const ucwa::event &) {
                application.reset();
                gone = true;
            });
            while (!gone) {
                std::this_thread::yield();
            }
        }
    });
}
