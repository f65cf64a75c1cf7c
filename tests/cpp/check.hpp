// What every test program needs: checks that say where they failed, and the simulator to talk to.
#ifndef CHECK_HPP
#define CHECK_HPP

#include <ucwa.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>

[[noreturn]] inline void failed(const char *file, int line, const std::string &what)
{
    std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
    std::exit(1);
}

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            failed(__FILE__, __LINE__, #condition); \
        } \
    } while (0)

// The expression throws exactly this, and its message holds the part.
#define CHECK_THROWS(expression, expected, part) \
    do { \
        bool thrown_ = false; \
        try { \
            static_cast<void>(expression); \
        } catch (const expected &error_) { \
            thrown_ = true; \
            if (std::strstr(error_.what(), (part)) == nullptr) { \
                failed(__FILE__, __LINE__, std::string("no \"") + (part) + "\" in \"" + error_.what() + '"'); \
            } \
        } catch (const std::exception &error_) { \
            failed(__FILE__, __LINE__, std::string(#expression ": another exception: ") + error_.what()); \
        } \
        if (!thrown_) { \
            failed(__FILE__, __LINE__, #expression " does not throw " #expected); \
        } \
    } while (0)

// A setting of the test's driver.
inline const char *setting(const char *name)
{
    const char *value = std::getenv(name);
    if (value == nullptr) {
        failed(__FILE__, __LINE__, std::string(name) + " is not set");
    }
    return value;
}

inline ucwa::config simulator_config()
{
    ucwa::config config;
    config.discovery_url(setting("UCWA_TEST_URL"))
        .ca_file(setting("UCWA_TEST_CA"))
        .sign_in_address(setting("UCWA_TEST_ADDRESS"))
        .password(setting("UCWA_TEST_PASSWORD"))
        .proxy("none");
    return config;
}

inline ucwa::application signed_in()
{
    return ucwa::sign_in(simulator_config());
}

// An exception that nobody caught ends a program without a word on some systems.
template <class Body>
int run(Body body)
{
    try {
        body();
        return 0;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "not caught: %s\n", error.what());
        return 1;
    }
}

#endif
