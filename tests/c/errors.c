/* The last error: one for each thread, set and cleared by calls, left alone by what frees and asks. */
#include <pthread.h>
#include "check.h"

enum { THREADS = 16, ROUNDS = 500 };

static void life_of_an_error(void)
{
    CHECK(ucwa_last_error_status() == UCWA_OK);
    CHECK_TEXT(ucwa_last_error_message(), "");
    char *json = ucwa_last_error_json();
    CHECK_TEXT(json, "{\"status\":\"UCWA_OK\",\"message\":\"\"}");
    ucwa_string_free(json);

    CHECK_NULL(ucwa_config_get(NULL, "culture"), UCWA_INVALID_ARGUMENT);
    const char *message = ucwa_last_error_message();
    CHECK_TEXT(message, "config is NULL");

    /* All of these leave it alone, and the borrowed message where it is. */
    ucwa_config_free(NULL);
    ucwa_application_free(NULL);
    ucwa_json_free(NULL);
    ucwa_string_free(NULL);
    CHECK_TEXT(ucwa_version(), UCWA_VERSION);
    CHECK_TEXT(ucwa_status_name(UCWA_NOT_FOUND), "UCWA_NOT_FOUND");
    CHECK(ucwa_last_error_message() == message);
    json = ucwa_last_error_json();
    CHECK_TEXT(json, "{\"status\":\"UCWA_INVALID_ARGUMENT\",\"message\":\"config is NULL\"}");
    ucwa_string_free(json);
    CHECK(ucwa_last_error_status() == UCWA_INVALID_ARGUMENT);

    ucwa_string_free(ucwa_string_new("any call that succeeds"));
    CHECK(ucwa_last_error_status() == UCWA_OK);
    CHECK_TEXT(ucwa_last_error_message(), "");
}

static void *has_its_own(void *given)
{
    char key[32], expected[64];
    snprintf(key, sizeof key, "key_of_%d", *(const int *)given);
    snprintf(expected, sizeof expected, "\"%s\"", key);
    ucwa_config *config = ucwa_config_new();
    CHECK_TEXT(ucwa_last_error_message(), "");
    for (int round = 0; round < ROUNDS; round++) {
        CHECK_STATUS(ucwa_config_set(config, key, "1"), UCWA_INVALID_CONFIG);
        CHECK_MESSAGE(expected);
    }
    ucwa_config_free(config);
    return NULL;
}

static void every_thread_has_its_own(void)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];
    CHECK_NULL(ucwa_json_parse("{"), UCWA_INVALID_ARGUMENT);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, has_its_own, &numbers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHECK_MESSAGE("not JSON");
}

static void names(void)
{
    CHECK_TEXT(ucwa_status_name(UCWA_OK), "UCWA_OK");
    CHECK_TEXT(ucwa_status_name(UCWA_INTERNAL), "UCWA_INTERNAL");
    CHECK_TEXT(ucwa_status_name(1), "UCWA_UNKNOWN");
    CHECK_TEXT(ucwa_status_name(INT32_MIN), "UCWA_UNKNOWN");
}

int main(void)
{
    life_of_an_error();
    every_thread_has_its_own();
    names();
    return 0;
}
