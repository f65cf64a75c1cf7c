/* In a forked child what was inherited answers at once, can be freed, and new handles work; the parent goes on. */
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

static int destroyed;

static char *no_token(const char *challenge_json, void *user_data)
{
    (void)challenge_json;
    (void)user_data;
    return NULL;
}

static void count(void *user_data)
{
    (void)user_data;
    destroyed++;
}

static void check_presence(ucwa_application *application)
{
    char *presence = ucwa_get_contact_presence(application, "sip:SaraD@contoso.com");
    CHECK(presence != NULL);
    ucwa_string_free(presence);
}

static void in_the_child(ucwa_config *config, ucwa_application *application, ucwa_json *json)
{
    double begin = milliseconds();
    CHECK_STATUS(ucwa_config_set(config, "culture", "de-DE"), UCWA_FORKED);
    CHECK_NULL(ucwa_config_get(config, "culture"), UCWA_FORKED);
    CHECK_STATUS(ucwa_config_set_token_callback(config, NULL, NULL, count), UCWA_FORKED);
    CHECK_NULL(ucwa_sign_in(config), UCWA_FORKED);
    ucwa_config_free(config);
    CHECK(destroyed == 0);

    CHECK_NULL(ucwa_get_application(application), UCWA_FORKED);
    CHECK_NULL(ucwa_get_contact_presence(application, "sip:SaraD@contoso.com"), UCWA_FORKED);
    CHECK_NULL(ucwa_get_contact(application, "sip:SaraD@contoso.com"), UCWA_FORKED);
    CHECK_NULL(ucwa_get_groups(application), UCWA_FORKED);
    CHECK_NULL(ucwa_get_group_contacts(application, "pinnedGroup"), UCWA_FORKED);
    CHECK_NULL(ucwa_get_contacts(application), UCWA_FORKED);
    CHECK_NULL(ucwa_search_contacts(application, "sara", 0), UCWA_FORKED);
    CHECK_NULL(ucwa_navigate(application, "people"), UCWA_FORKED);
    CHECK_STATUS(ucwa_application_set(application, "max_retries", "1"), UCWA_FORKED);
    CHECK_STATUS(ucwa_application_cancel(application), UCWA_FORKED);
    CHECK_STATUS(ucwa_sign_out(application), UCWA_FORKED);
    ucwa_application_free(application);
    CHECK(soon_after(begin));

    /* A parsed text is plain memory. */
    CHECK_TEXT(ucwa_json_text(json, "/a"), "b");
    ucwa_json_free(json);

    application = signed_in();
    check_presence(application);
    CHECK_STATUS(ucwa_sign_out(application), UCWA_OK);
    ucwa_application_free(application);
}

int main(void)
{
    ucwa_config *config = simulator_config();
    CHECK_STATUS(ucwa_config_set_token_callback(config, no_token, NULL, count), UCWA_OK);
    ucwa_application *application = signed_in();
    ucwa_json *json = ucwa_json_parse("{\"a\":\"b\"}");
    check_presence(application);

    int verdict[2];
    CHECK(pipe(verdict) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        in_the_child(config, application, json);
        CHECK(write(verdict[1], "good", 4) == 4);
        /* No orderly end: a checker would call what the child had to let go of a leak. */
        raise(SIGKILL);
    }
    int status;
    char word[4];
    CHECK(close(verdict[1]) == 0);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(read(verdict[0], word, sizeof word) == sizeof word);

    check_presence(application);
    CHECK_STATUS(ucwa_sign_out(application), UCWA_OK);
    ucwa_application_free(application);
    CHECK_STATUS(ucwa_config_set(config, "culture", "de-DE"), UCWA_OK);
    ucwa_config_free(config);
    CHECK(destroyed == 1);
    ucwa_json_free(json);
    return 0;
}
