/* Configurations: keys, values, defaults, secrets, and the table of keys. */
#include "check.h"

static void check_value(const ucwa_config *config, const char *key, const char *expected)
{
    char *value = ucwa_config_get(config, key);
    CHECK_TEXT(value, expected);
    CHECK(ucwa_last_error_status() == UCWA_OK);
    ucwa_string_free(value);
}

static void values_and_defaults(void)
{
    ucwa_config *config = ucwa_config_new();
    CHECK(config != NULL);

    check_value(config, "culture", "en-US");
    CHECK_STATUS(ucwa_config_set(config, "culture", "de-DE"), UCWA_OK);
    check_value(config, "culture", "de-DE");
    CHECK_STATUS(ucwa_config_set(config, "culture", NULL), UCWA_OK);
    check_value(config, "culture", "en-US");
    check_value(config, "sign_in_address", "");
    check_value(config, "user_agent", "libucwa/" UCWA_VERSION);

    CHECK_STATUS(ucwa_config_set(config, "timeout_ms", "1500"), UCWA_OK);
    CHECK_STATUS(ucwa_config_set(config, "timeout_ms", "0"), UCWA_INVALID_CONFIG);
    CHECK_MESSAGE("1 to 86400000");
    check_value(config, "timeout_ms", "1500");
    CHECK_STATUS(ucwa_config_set(config, "timeout_ms", ""), UCWA_INVALID_CONFIG);
    CHECK_STATUS(ucwa_config_set(config, "no_such_key", "1"), UCWA_INVALID_CONFIG);
    CHECK_MESSAGE("sign_in_address");
    CHECK_NULL(ucwa_config_get(config, "no_such_key"), UCWA_INVALID_CONFIG);
    CHECK_STATUS(ucwa_config_set(config, "conference_uri", "sip:x@contoso.com"), UCWA_UNSUPPORTED);
    CHECK_MESSAGE("not in this build");

    ucwa_config_free(config);
}

static void secrets_stay_inside(void)
{
    ucwa_config *config = ucwa_config_new();
    CHECK_STATUS(ucwa_config_set(config, "password", "Top-Secret"), UCWA_OK);
    CHECK_NULL(ucwa_config_get(config, "password"), UCWA_FORBIDDEN);
    CHECK(strstr(ucwa_last_error_message(), "Top-Secret") == NULL);
    CHECK_STATUS(ucwa_config_set(config, "access_token", "top secret"), UCWA_INVALID_CONFIG);
    CHECK(strstr(ucwa_last_error_message(), "top secret") == NULL);
    ucwa_config_free(config);
}

static void the_table_of_keys(void)
{
    ucwa_config *config = ucwa_config_new();
    ucwa_json *keys = parsed(ucwa_config_keys());
    size_t count = ucwa_json_size(keys, "");
    CHECK(count > 20);
    for (size_t i = 0; i < count; i++) {
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/%lu/key", (unsigned long)i);
        const char *key = ucwa_json_text(keys, pointer);
        CHECK(key != NULL);
        snprintf(pointer, sizeof pointer, "/%lu/default", (unsigned long)i);
        const char *standard = ucwa_json_text(keys, pointer);
        snprintf(pointer, sizeof pointer, "/%lu/description", (unsigned long)i);
        CHECK(ucwa_json_text(keys, pointer) != NULL);
        char *value = ucwa_config_get(config, key);
        if (value == NULL) {
            CHECK(ucwa_last_error_status() == UCWA_FORBIDDEN);
        } else {
            CHECK_TEXT(value, standard ? standard : "");
        }
        ucwa_string_free(value);
    }
    ucwa_json_free(keys);
    ucwa_config_free(config);
}

/* A sign-in says what is missing, before anything is sent. */
static void what_is_missing(void)
{
    ucwa_config *config = ucwa_config_new();
    CHECK_NULL(ucwa_sign_in(config), UCWA_INVALID_CONFIG);
    CHECK_MESSAGE("sign_in_address");
    ucwa_config_free(config);
}

int main(void)
{
    values_and_defaults();
    secrets_stay_inside();
    the_table_of_keys();
    what_is_missing();
    return 0;
}
