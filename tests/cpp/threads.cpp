// One application in many threads: each has its own errors, and cancelling makes all of them return.
#include "check.hpp"

#include <atomic>
#include <cstdio>
#include <thread>

// The driver's server answers nothing that is asked for a presence.
int main()
{
    return run([] {
        ucwa::application application = signed_in();
        std::vector<std::thread> threads;
        std::atomic<int> cancelled{0};
        for (int i = 0; i < 4; i++) {
            threads.emplace_back([&application, i] {
                const std::string nobody = "sip:nobody" + std::to_string(i) + "@contoso.com";
                for (int round = 0; round < 20; round++) {
                    CHECK_THROWS(application.contact(nobody), ucwa::not_found_error, nobody.c_str());
                    CHECK(application.contact("sip:SaraD@contoso.com").name == "Sara Davis");
                }
            });
        }
        for (std::thread &thread : threads) {
            thread.join();
        }
        threads.clear();
        for (int i = 0; i < 4; i++) {
            threads.emplace_back([&] {
                CHECK_THROWS(application.contact_presence("sip:SaraD@contoso.com"), ucwa::cancelled_error, "");
                cancelled++;
            });
        }
        std::puts("waiting");
        std::fflush(stdout);
        CHECK(std::getchar() == 'g');
        application.cancel();
        for (std::thread &thread : threads) {
            thread.join();
        }
        CHECK(cancelled == 4);
        CHECK_THROWS(application.groups(), ucwa::cancelled_error, "");
    });
}
