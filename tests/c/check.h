/* What every test program needs: checks that say where they failed, and the simulator to talk to. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "ucwa.h"

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            char *error_ = ucwa_last_error_json(); \
            fprintf(stderr, "%s:%d: %s\n    last error: %s\n", __FILE__, __LINE__, #condition, error_); \
            exit(1); \
        } \
    } while (0)

/* The text is exactly this. */
#define CHECK_TEXT(actual, expected) \
    do { \
        const char *text_ = (actual); \
        if (text_ == NULL || strcmp(text_, (expected)) != 0) { \
            fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #actual, text_ ? text_ : "(NULL)", \
                    (expected)); \
            exit(1); \
        } \
    } while (0)

/* The call returned NULL, 0 or the status itself, and the last error is this. */
#define CHECK_STATUS(call, expected) \
    do { \
        ucwa_status status_ = (call); \
        if (status_ != (expected) || ucwa_last_error_status() != (expected)) { \
            fprintf(stderr, "%s:%d: %s is %s, not %s; message: %s\n", __FILE__, __LINE__, #call, \
                    ucwa_status_name(status_), ucwa_status_name(expected), ucwa_last_error_message()); \
            exit(1); \
        } \
    } while (0)
#define CHECK_NULL(call, expected) CHECK_STATUS((call) == NULL ? ucwa_last_error_status() : UCWA_OK, expected)

/* The last error's message holds this. */
#define CHECK_MESSAGE(part) \
    do { \
        if (strstr(ucwa_last_error_message(), (part)) == NULL) { \
            fprintf(stderr, "%s:%d: no \"%s\" in \"%s\"\n", __FILE__, __LINE__, (part), ucwa_last_error_message()); \
            exit(1); \
        } \
    } while (0)

/* A setting of the test's driver. */
static inline const char *setting(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL) {
        fprintf(stderr, "%s is not set\n", name);
        exit(1);
    }
    return value;
}

static inline ucwa_config *simulator_config(void)
{
    ucwa_config *config = ucwa_config_new();
    CHECK(config != NULL);
    CHECK_STATUS(ucwa_config_set(config, "discovery_url", setting("UCWA_TEST_URL")), UCWA_OK);
    CHECK_STATUS(ucwa_config_set(config, "ca_file", setting("UCWA_TEST_CA")), UCWA_OK);
    CHECK_STATUS(ucwa_config_set(config, "sign_in_address", setting("UCWA_TEST_ADDRESS")), UCWA_OK);
    CHECK_STATUS(ucwa_config_set(config, "password", setting("UCWA_TEST_PASSWORD")), UCWA_OK);
    CHECK_STATUS(ucwa_config_set(config, "proxy", "none"), UCWA_OK);
    return config;
}

static inline ucwa_application *signed_in(void)
{
    ucwa_config *config = simulator_config();
    ucwa_application *application = ucwa_sign_in(config);
    CHECK(application != NULL);
    ucwa_config_free(config);
    return application;
}

/* Parses what a call returned, and frees it. */
static inline ucwa_json *parsed(char *text)
{
    CHECK(text != NULL);
    ucwa_json *json = ucwa_json_parse(text);
    CHECK(json != NULL);
    ucwa_string_free(text);
    return json;
}

static inline double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Whether it is not long since then: a guard against waiting for a deadline, and no measurement, which a busy machine would
   spoil. */
static inline int soon_after(double begin)
{
    return milliseconds() - begin < 25e3;
}

#endif
