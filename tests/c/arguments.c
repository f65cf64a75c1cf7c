/* Every function with what it cannot use: NULL, empty, too long and not UTF-8 are told apart, and nothing crashes. */
#include "check.h"

enum { LONGEST = 65536 };

static char *as_long_as(size_t length)
{
    char *text = malloc(length + 1);
    CHECK(text != NULL);
    memset(text, 'x', length);
    text[length] = '\0';
    return text;
}

static char *search(ucwa_application *application, const char *query)
{
    return ucwa_search_contacts(application, query, 0);
}

static const struct {
    char *(*call)(ucwa_application *, const char *);
    const char *argument;
    int may_be_empty;
} with_text[] = {
    {ucwa_get_contact_presence, "contact", 0},
    {ucwa_get_group_contacts, "group", 0},
    {ucwa_get_contact, "contact", 0},
    {search, "query", 0},
    {ucwa_navigate, "path", 1},
};

static void refused(char *answer, const char *argument, const char *why)
{
    char message[128];
    CHECK_NULL(answer, UCWA_INVALID_ARGUMENT);
    snprintf(message, sizeof message, "%s is %s", argument, why);
    CHECK_TEXT(ucwa_last_error_message(), message);
}

static void texts(ucwa_application *application)
{
    char *long_enough = as_long_as(LONGEST), *too_long = as_long_as(LONGEST + 1);
    for (size_t i = 0; i < sizeof with_text / sizeof with_text[0]; i++) {
        char *(*call)(ucwa_application *, const char *) = with_text[i].call;
        const char *argument = with_text[i].argument;
        refused(call(NULL, "x"), "application", "NULL");
        refused(call(NULL, NULL), "application", "NULL");
        refused(call(application, NULL), argument, "NULL");
        refused(call(application, "ab\xFF"), argument, "not UTF-8 (byte 2)");
        refused(call(application, "sip:\xC3"), argument, "not UTF-8 (byte 4)");
        refused(call(application, too_long), argument, "longer than 65536 bytes");
        if (!with_text[i].may_be_empty) {
            refused(call(application, ""), argument, "empty");
        }
        CHECK(call(application, long_enough) == NULL);
        CHECK(strstr(ucwa_last_error_message(), "longer than 65536 bytes") == NULL);
    }
    free(long_enough);
    free(too_long);
}

static void without_application(void)
{
    refused(ucwa_get_application(NULL), "application", "NULL");
    refused(ucwa_get_groups(NULL), "application", "NULL");
    refused(ucwa_get_contacts(NULL), "application", "NULL");
    CHECK_STATUS(ucwa_application_set(NULL, "max_retries", "1"), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_application_cancel(NULL), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_sign_out(NULL), UCWA_INVALID_ARGUMENT);
    CHECK_NULL(ucwa_sign_in(NULL), UCWA_INVALID_ARGUMENT);
    CHECK_TEXT(ucwa_last_error_message(), "config is NULL");
}

static void setters(ucwa_application *application)
{
    char *too_long = as_long_as(LONGEST + 1);
    ucwa_config *config = ucwa_config_new();

    CHECK_STATUS(ucwa_config_set(NULL, "culture", "x"), UCWA_INVALID_ARGUMENT);
    CHECK_TEXT(ucwa_last_error_message(), "config is NULL");
    CHECK_STATUS(ucwa_config_set(config, NULL, "x"), UCWA_INVALID_ARGUMENT);
    CHECK_TEXT(ucwa_last_error_message(), "key is NULL");
    CHECK_STATUS(ucwa_config_set(config, "", "x"), UCWA_INVALID_ARGUMENT);
    CHECK_TEXT(ucwa_last_error_message(), "key is empty");
    CHECK_STATUS(ucwa_config_set(config, "culture", "\x80"), UCWA_INVALID_ARGUMENT);
    CHECK_TEXT(ucwa_last_error_message(), "value is not UTF-8 (byte 0)");
    CHECK_STATUS(ucwa_config_set(config, "culture", too_long), UCWA_INVALID_ARGUMENT);
    CHECK_TEXT(ucwa_last_error_message(), "value is longer than 65536 bytes");
    refused(ucwa_config_get(NULL, "culture"), "config", "NULL");
    refused(ucwa_config_get(config, NULL), "key", "NULL");
    CHECK_STATUS(ucwa_config_set_token_callback(NULL, NULL, NULL, NULL), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_config_set_token_callback(config, NULL, NULL, NULL), UCWA_OK);

    CHECK_STATUS(ucwa_application_set(application, NULL, "1"), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_application_set(application, "", "1"), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_application_set(application, "\xFE", "1"), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_application_set(application, "max_retries", "\xFE"), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_application_set(application, "max_retries", "many"), UCWA_INVALID_CONFIG);
    CHECK_STATUS(ucwa_application_set(application, "culture", "de-DE"), UCWA_INVALID_CONFIG);
    CHECK_STATUS(ucwa_application_set(application, "max_retries", "1"), UCWA_OK);
    CHECK_STATUS(ucwa_application_set(application, "max_retries", NULL), UCWA_OK);

    ucwa_config_free(config);
    free(too_long);
}

static void reader(void)
{
    int64_t value = 7;
    int32_t truth = 7;
    ucwa_json *json = ucwa_json_parse("{}");
    CHECK_NULL(ucwa_json_parse(NULL), UCWA_INVALID_ARGUMENT);
    CHECK_NULL(ucwa_json_text(NULL, ""), UCWA_INVALID_ARGUMENT);
    CHECK_NULL(ucwa_json_text(json, NULL), UCWA_INVALID_ARGUMENT);
    CHECK_NULL(ucwa_json_text(json, "/\xFF"), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_json_integer(NULL, "", &value), UCWA_INVALID_ARGUMENT);
    CHECK(value == 0);
    CHECK_STATUS(ucwa_json_integer(json, NULL, &value), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_json_integer(json, "", NULL), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_json_boolean(NULL, "", &truth), UCWA_INVALID_ARGUMENT);
    CHECK(truth == 0);
    CHECK_STATUS(ucwa_json_boolean(json, NULL, &truth), UCWA_INVALID_ARGUMENT);
    CHECK(ucwa_json_size(NULL, "") == 0 && ucwa_last_error_status() == UCWA_INVALID_ARGUMENT);
    CHECK(ucwa_json_size(json, NULL) == 0 && ucwa_last_error_status() == UCWA_INVALID_ARGUMENT);
    ucwa_json_free(json);
    CHECK_NULL(ucwa_string_new(NULL), UCWA_INVALID_ARGUMENT);
    CHECK_NULL(ucwa_string_new("\xC0\xAF"), UCWA_INVALID_ARGUMENT);
}

/* An owned text is the caller's: it may even be shortened in place. */
static void owned_texts(void)
{
    char *text = ucwa_string_new("one two");
    CHECK_TEXT(strtok(text, " "), "one");
    ucwa_string_free(text);
    text = ucwa_string_new("");
    CHECK_TEXT(text, "");
    ucwa_string_free(text);
}

int main(void)
{
    ucwa_application *application = signed_in();
    texts(application);
    without_application();
    setters(application);
    reader();
    owned_texts();
    ucwa_config_free(NULL);
    ucwa_application_free(NULL);
    ucwa_json_free(NULL);
    ucwa_string_free(NULL);
    CHECK_STATUS(ucwa_sign_out(application), UCWA_OK);
    ucwa_application_free(application);
    return 0;
}
