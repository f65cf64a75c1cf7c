/* One application in many threads, and one configuration that many threads sign in with. */
#include <pthread.h>
#include "check.h"

enum { THREADS = 16, SIGNING_IN = 4 };

static const char *const contacts[] = {"SaraD", "ManishC", "DanaB", "AlexD", "ChrisB", "JuliaM", "OmarH", "PriyaN"};

static ucwa_application *application;
static int rounds;

static void *reads(void *given)
{
    int number = *(const int *)given;
    char uri[64], missing[64];
    snprintf(uri, sizeof uri, "sip:%s@contoso.com", contacts[number % 8]);
    snprintf(missing, sizeof missing, "sip:nobody%d@contoso.com", number);
    for (int round = 0; round < rounds; round++) {
        ucwa_json *json = parsed(ucwa_get_contact_presence(application, uri));
        CHECK_TEXT(ucwa_json_text(json, "/uri"), uri);
        ucwa_json_free(json);
        json = parsed(ucwa_get_groups(application));
        CHECK(ucwa_json_size(json, "/groups") > 3);
        ucwa_json_free(json);
        CHECK_STATUS(ucwa_application_set(application, "max_retries", number % 2 ? "3" : NULL), UCWA_OK);
        CHECK_NULL(ucwa_get_contact(application, missing), UCWA_NOT_FOUND);
        CHECK_MESSAGE(missing);
    }
    return NULL;
}

static void *signs_in(void *config)
{
    ucwa_application *own = ucwa_sign_in(config);
    CHECK(own != NULL);
    ucwa_string_free(ucwa_get_contact_presence(own, "sip:SaraD@contoso.com"));
    CHECK(ucwa_last_error_status() == UCWA_OK);
    CHECK_STATUS(ucwa_sign_out(own), UCWA_OK);
    ucwa_application_free(own);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];
    rounds = atoi(setting("UCWA_TEST_ROUNDS")) / 40;
    application = signed_in();
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, reads, &numbers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHECK_STATUS(ucwa_sign_out(application), UCWA_OK);
    ucwa_application_free(application);

    ucwa_config *config = simulator_config();
    for (int i = 0; i < SIGNING_IN; i++) {
        CHECK(pthread_create(&threads[i], NULL, signs_in, config) == 0);
    }
    for (int i = 0; i < SIGNING_IN; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    ucwa_config_free(config);
    return 0;
}
