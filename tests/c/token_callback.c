/* The token callback: what it is asked, what it may answer, and who owns its data for how long. */
#include "check.h"

static int asked, destroyed;

static char *gives_token(const char *challenge_json, void *user_data)
{
    CHECK_TEXT(*(const char *const *)user_data, "mine");
    ucwa_json *challenge = ucwa_json_parse(challenge_json);
    CHECK_TEXT(ucwa_json_text(challenge, "/reason"), "challenged");
    CHECK(strncmp(ucwa_json_text(challenge, "/url"), ucwa_json_text(challenge, "/host"),
                  strlen(ucwa_json_text(challenge, "/host"))) == 0);
    CHECK(ucwa_json_size(challenge, "/grants") > 0);
    ucwa_json_free(challenge);
    asked++;
    /* A call in here is another call: its failure is not the outer one's. */
    CHECK_NULL(ucwa_json_parse("{"), UCWA_INVALID_ARGUMENT);
    return ucwa_string_new(setting("UCWA_TEST_TOKEN"));
}

static char *gives_none(const char *challenge_json, void *user_data)
{
    (void)challenge_json;
    (void)user_data;
    return NULL;
}

static char *gives_nonsense(const char *challenge_json, void *user_data)
{
    (void)challenge_json;
    (void)user_data;
    return ucwa_string_new("no token at all");
}

static char *gives_refused(const char *challenge_json, void *user_data)
{
    (void)challenge_json;
    (void)user_data;
    asked++;
    return ucwa_string_new("a-token-of-nobody");
}

static void destroy(void *user_data)
{
    CHECK_TEXT(*(const char *const *)user_data, "mine");
    free(user_data);
    destroyed++;
}

static void *data(void)
{
    const char **mine = malloc(sizeof *mine);
    CHECK(mine != NULL);
    *mine = "mine";
    return mine;
}

static ucwa_config *config_without_password(void)
{
    ucwa_config *config = simulator_config();
    CHECK_STATUS(ucwa_config_set(config, "password", NULL), UCWA_OK);
    return config;
}

/* The data lives until both the configuration and what was signed in with it are gone, whichever goes last. */
static void signing_in(int free_config_first)
{
    asked = destroyed = 0;
    ucwa_config *config = config_without_password();
    CHECK_STATUS(ucwa_config_set_token_callback(config, gives_token, data(), destroy), UCWA_OK);
    ucwa_application *application = ucwa_sign_in(config);
    CHECK(application != NULL && ucwa_last_error_status() == UCWA_OK);
    CHECK(asked == 1);
    if (free_config_first) {
        ucwa_config_free(config);
        CHECK(destroyed == 0);
    }
    ucwa_json *json = parsed(ucwa_get_contact_presence(application, "sip:SaraD@contoso.com"));
    CHECK_TEXT(ucwa_json_text(json, "/availability"), "Offline");
    ucwa_json_free(json);
    CHECK_STATUS(ucwa_sign_out(application), UCWA_OK);
    CHECK(destroyed == 0);
    ucwa_application_free(application);
    if (!free_config_first) {
        CHECK(destroyed == 0);
        ucwa_config_free(config);
    }
    CHECK(destroyed == 1);
}

static void ownership(void)
{
    destroyed = 0;
    void *mine = data();
    ucwa_config *config = ucwa_config_new();

    /* Refused: still the caller's. */
    CHECK_STATUS(ucwa_config_set_token_callback(NULL, gives_none, mine, destroy), UCWA_INVALID_ARGUMENT);
    CHECK(destroyed == 0);
    /* Replaced, removed, never used: destroyed once each. */
    CHECK_STATUS(ucwa_config_set_token_callback(config, gives_none, mine, destroy), UCWA_OK);
    CHECK_STATUS(ucwa_config_set_token_callback(config, gives_none, data(), destroy), UCWA_OK);
    CHECK(destroyed == 1);
    CHECK_STATUS(ucwa_config_set_token_callback(config, NULL, NULL, NULL), UCWA_OK);
    CHECK(destroyed == 2);
    CHECK_STATUS(ucwa_config_set_token_callback(config, NULL, data(), destroy), UCWA_OK);
    CHECK(destroyed == 3);
    /* Without a destructor the data stays the caller's. */
    CHECK_STATUS(ucwa_config_set_token_callback(config, gives_none, &config, NULL), UCWA_OK);
    ucwa_config_free(config);
    CHECK(destroyed == 3);
}

static void answers_without_token(void)
{
    ucwa_config *config = config_without_password();
    CHECK_STATUS(ucwa_config_set_token_callback(config, gives_none, NULL, NULL), UCWA_OK);
    CHECK_NULL(ucwa_sign_in(config), UCWA_AUTHENTICATION_FAILED);
    CHECK_STATUS(ucwa_config_set_token_callback(config, gives_nonsense, NULL, NULL), UCWA_OK);
    CHECK_NULL(ucwa_sign_in(config), UCWA_AUTHENTICATION_FAILED);
    CHECK(strstr(ucwa_last_error_message(), "no token at all") == NULL);
    asked = 0;
    CHECK_STATUS(ucwa_config_set_token_callback(config, gives_refused, NULL, NULL), UCWA_OK);
    CHECK_NULL(ucwa_sign_in(config), UCWA_AUTHENTICATION_FAILED);
    CHECK(strstr(ucwa_last_error_message(), "a-token-of-nobody") == NULL);
    CHECK(asked >= 1 && asked <= 2);
    ucwa_config_free(config);
}

int main(void)
{
    ownership();
    signing_in(1);
    signing_in(0);
    answers_without_token();
    return 0;
}
