/* Every function with what it cannot use: NULL, empty, too long and not UTF-8 are told apart, and nothing crashes. */
#include "check.h"

enum { LONGEST = 65536, LONGEST_LIST = 16 * 1024 * 1024 };

static char *as_long_as(size_t length)
{
    char *text = malloc(length + 1);
    CHECK(text != NULL);
    memset(text, 'x', length);
    text[length] = '\0';
    return text;
}

/* The status of a call that answers with a text. */
static ucwa_status freed(char *answer)
{
    ucwa_string_free(answer);
    return answer == NULL ? ucwa_last_error_status() : UCWA_OK;
}

static ucwa_status photo(ucwa_application *application, const char *contact, const char *size)
{
    unsigned char *data = (unsigned char *)"x";
    size_t data_size = 7;
    char *media_type = (char *)"x";
    ucwa_status status = ucwa_get_contact_photo(application, contact, size, &data, &data_size, &media_type);
    CHECK(status != UCWA_OK && data == NULL && data_size == 0 && media_type == NULL);
    return status;
}

static ucwa_status my_photo(ucwa_application *application, const char *size)
{
    unsigned char *data = (unsigned char *)"x";
    size_t data_size = 7;
    char *media_type = (char *)"x";
    ucwa_status status = ucwa_get_my_photo(application, size, &data, &data_size, &media_type);
    CHECK(status != UCWA_OK && data == NULL && data_size == 0 && media_type == NULL);
    return status;
}

/* One function with one of its texts left open. */
#define CALL(name, call) \
    static ucwa_status name(ucwa_application *application, const char *text) \
    { \
        return call; \
    }

CALL(application_set_key, ucwa_application_set(application, text, "1"))
CALL(application_set_value, ucwa_application_set(application, "max_retries", text))
CALL(contact_presence, freed(ucwa_get_contact_presence(application, text)))
CALL(contacts_presence, freed(ucwa_get_contacts_presence(application, text)))
CALL(group_presence, freed(ucwa_get_group_presence(application, text)))
CALL(group_contacts, freed(ucwa_get_group_contacts(application, text)))
CALL(contact, freed(ucwa_get_contact(application, text)))
CALL(search, freed(ucwa_search_contacts(application, text, 0)))
CALL(note, freed(ucwa_get_contact_note(application, text)))
CALL(location, freed(ucwa_get_contact_location(application, text)))
CALL(modalities, freed(ucwa_get_contact_supported_modalities(application, text)))
CALL(privacy, freed(ucwa_get_contact_privacy_relationship(application, text)))
CALL(set_privacy_contact, ucwa_set_contact_privacy_relationship(application, text, "Colleagues"))
CALL(set_privacy_level, ucwa_set_contact_privacy_relationship(application, "sip:SaraD@contoso.com", text))
CALL(reset_privacy, ucwa_reset_contact_privacy_relationship(application, text))
CALL(photo_contact, photo(application, text, NULL))
CALL(photo_size, photo(application, "sip:SaraD@contoso.com", text))
CALL(add_contact, freed(ucwa_add_contact(application, text, NULL)))
CALL(add_contact_group, freed(ucwa_add_contact(application, "sip:SaraD@contoso.com", text)))
CALL(remove_contact, ucwa_remove_contact(application, text, NULL))
CALL(remove_contact_group, ucwa_remove_contact(application, "sip:SaraD@contoso.com", text))
CALL(add_group, freed(ucwa_add_group(application, text)))
CALL(rename_group, ucwa_rename_group(application, text, "New"))
CALL(rename_group_name, ucwa_rename_group(application, "Sales", text))
CALL(remove_group, ucwa_remove_group(application, text))
CALL(make_me_available, ucwa_make_me_available(application, text))
CALL(set_my_presence, ucwa_set_my_presence(application, text))
CALL(set_my_note, ucwa_set_my_note(application, text))
CALL(set_my_location, ucwa_set_my_location(application, text))
CALL(subscribe, freed(ucwa_subscribe_presence(application, text)))
CALL(subscribe_group, freed(ucwa_subscribe_group_presence(application, text)))
CALL(change_id, freed(ucwa_change_subscription(application, text, "{}")))
CALL(change_change, freed(ucwa_change_subscription(application, "id", text)))
CALL(unsubscribe, ucwa_unsubscribe_presence(application, text))
CALL(navigate, freed(ucwa_navigate(application, text)))
CALL(request_method, freed(ucwa_request(application, text, "people", NULL)))
CALL(request_href, freed(ucwa_request(application, "GET", text, NULL)))
CALL(request_body, freed(ucwa_request(application, "POST", "people", text)))

enum { MAY_BE_EMPTY = 1, MAY_BE_NULL = 2 };

static const struct {
    ucwa_status (*call)(ucwa_application *, const char *);
    const char *argument;
    int may_be;
    size_t longest;
} with_text[] = {
    {application_set_key, "key", 0, LONGEST},
    {application_set_value, "value", MAY_BE_NULL | MAY_BE_EMPTY, LONGEST},
    {contact_presence, "contact", 0, LONGEST},
    {contacts_presence, "contacts_json", 0, LONGEST_LIST},
    {group_presence, "group", 0, LONGEST},
    {group_contacts, "group", 0, LONGEST},
    {contact, "contact", 0, LONGEST},
    {search, "query", 0, LONGEST},
    {note, "contact", 0, LONGEST},
    {location, "contact", 0, LONGEST},
    {modalities, "contact", 0, LONGEST},
    {privacy, "contact", 0, LONGEST},
    {set_privacy_contact, "contact", 0, LONGEST},
    {set_privacy_level, "level", 0, LONGEST},
    {reset_privacy, "contact", 0, LONGEST},
    {photo_contact, "contact", 0, LONGEST},
    {photo_size, "size", MAY_BE_NULL, LONGEST},
    {add_contact, "contact", 0, LONGEST},
    {add_contact_group, "group", MAY_BE_NULL, LONGEST},
    {remove_contact, "contact", 0, LONGEST},
    {remove_contact_group, "group", MAY_BE_NULL, LONGEST},
    {add_group, "name", 0, LONGEST},
    {rename_group, "group", 0, LONGEST},
    {rename_group_name, "name", 0, LONGEST},
    {remove_group, "group", 0, LONGEST},
    {make_me_available, "options_json", MAY_BE_NULL, LONGEST},
    {set_my_presence, "availability", 0, LONGEST},
    {set_my_note, "message", 0, LONGEST},
    {set_my_location, "location", 0, LONGEST},
    {subscribe, "contacts_json", 0, LONGEST_LIST},
    {subscribe_group, "group", 0, LONGEST},
    {change_id, "id", 0, LONGEST},
    {change_change, "change_json", 0, LONGEST_LIST},
    {unsubscribe, "id", 0, LONGEST},
    {navigate, "path", MAY_BE_EMPTY, LONGEST},
    {request_method, "method", 0, LONGEST},
    {request_href, "href", 0, LONGEST},
    {request_body, "body_json", MAY_BE_NULL, LONGEST},
};

static void refused(ucwa_status status, const char *argument, const char *why)
{
    char message[128];
    CHECK_STATUS(status, UCWA_INVALID_ARGUMENT);
    snprintf(message, sizeof message, "%s is %s", argument, why);
    CHECK_TEXT(ucwa_last_error_message(), message);
}

static void texts(ucwa_application *application)
{
    for (size_t i = 0; i < sizeof with_text / sizeof with_text[0]; i++) {
        ucwa_status (*call)(ucwa_application *, const char *) = with_text[i].call;
        const char *argument = with_text[i].argument;
        char *long_enough = as_long_as(with_text[i].longest), *too_long = as_long_as(with_text[i].longest + 1);
        char why[64];
        snprintf(why, sizeof why, "longer than %lu bytes", (unsigned long)with_text[i].longest);
        refused(call(NULL, "x"), "application", "NULL");
        refused(call(NULL, NULL), "application", "NULL");
        if (!(with_text[i].may_be & MAY_BE_NULL)) {
            refused(call(application, NULL), argument, "NULL");
        }
        if (!(with_text[i].may_be & MAY_BE_EMPTY)) {
            refused(call(application, ""), argument, "empty");
        }
        refused(call(application, "ab\xFF"), argument, "not UTF-8 (byte 2)");
        refused(call(application, "sip:\xC3"), argument, "not UTF-8 (byte 4)");
        refused(call(application, too_long), argument, why);
        CHECK(call(application, long_enough) != UCWA_OK);
        CHECK(strstr(ucwa_last_error_message(), why) == NULL);
        free(long_enough);
        free(too_long);
    }
}

static void without_application(void)
{
    char *(*const readers[])(ucwa_application *) = {ucwa_get_application, ucwa_get_groups,       ucwa_get_contacts,
                                                    ucwa_get_me,          ucwa_get_my_presence,  ucwa_get_my_note,
                                                    ucwa_get_my_location, ucwa_get_my_phones,    ucwa_get_health,
                                                    ucwa_subscribe_contacts_and_groups};
    ucwa_status (*const acts[])(ucwa_application *) = {ucwa_application_cancel, ucwa_sign_out,          ucwa_report_my_activity,
                                                       ucwa_reset_my_presence,  ucwa_reset_my_note,     ucwa_reset_my_location};
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        refused(freed(readers[i](NULL)), "application", "NULL");
    }
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        refused(acts[i](NULL), "application", "NULL");
    }
    CHECK_NULL(ucwa_sign_in(NULL), UCWA_INVALID_ARGUMENT);
    CHECK_TEXT(ucwa_last_error_message(), "config is NULL");
    refused(my_photo(NULL, NULL), "application", "NULL");
    refused(freed(ucwa_next_event(NULL, 0)), "application", "NULL");
    refused(ucwa_set_event_callback(NULL, NULL, NULL, NULL), "application", "NULL");
    CHECK(ucwa_event_descriptor(NULL) == -1);
    refused(ucwa_last_error_status(), "application", "NULL");
}

/* Where the bytes of a photo are to go. */
static void out_parameters(ucwa_application *application)
{
    unsigned char *data = NULL;
    size_t size = 0;
    refused(my_photo(application, ""), "size", "empty");
    refused(my_photo(application, "\xFF"), "size", "not UTF-8 (byte 0)");
    refused(ucwa_get_contact_photo(application, "sip:SaraD@contoso.com", NULL, NULL, &size, NULL), "data", "NULL");
    refused(ucwa_get_contact_photo(application, "sip:SaraD@contoso.com", NULL, &data, NULL, NULL), "data_size", "NULL");
    refused(ucwa_get_my_photo(application, NULL, NULL, &size, NULL), "data", "NULL");
    refused(ucwa_get_my_photo(application, NULL, &data, NULL, NULL), "data_size", "NULL");
    CHECK(data == NULL && size == 0);
    CHECK_STATUS(ucwa_get_contact_photo(application, "sip:SaraD@contoso.com", NULL, &data, &size, NULL), UCWA_OK);
    CHECK(data != NULL && size > 100);
    ucwa_bytes_free(data, size);
}

static void numbers(ucwa_application *application)
{
    CHECK_NULL(ucwa_search_contacts(application, "sara", 101), UCWA_INVALID_ARGUMENT);
    CHECK_NULL(ucwa_search_contacts(application, "sara", UINT32_MAX), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_set_log_callback(-1, NULL, NULL), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_set_log_callback(UCWA_LOG_TRACE + 1, NULL, NULL), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_set_log_callback(UCWA_LOG_TRACE, NULL, NULL), UCWA_OK);
    CHECK_TEXT(ucwa_status_name(INT32_MIN), "UCWA_UNKNOWN");
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
    CHECK_STATUS(ucwa_config_set(config, too_long, "x"), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_config_set(config, "culture", ""), UCWA_INVALID_CONFIG);
    refused(freed(ucwa_config_get(NULL, "culture")), "config", "NULL");
    refused(freed(ucwa_config_get(config, NULL)), "key", "NULL");
    refused(freed(ucwa_config_get(config, "")), "key", "empty");
    refused(freed(ucwa_config_get(config, "\xFF")), "key", "not UTF-8 (byte 0)");
    refused(freed(ucwa_config_get(config, too_long)), "key", "longer than 65536 bytes");
    CHECK_STATUS(ucwa_config_set_token_callback(NULL, NULL, NULL, NULL), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_config_set_token_callback(config, NULL, NULL, NULL), UCWA_OK);

    CHECK_STATUS(ucwa_application_set(application, "max_retries", ""), UCWA_INVALID_CONFIG);
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
    char *too_long = as_long_as(LONGEST + 1);
    ucwa_json *json = ucwa_json_parse("{}");
    CHECK_NULL(ucwa_json_parse(NULL), UCWA_INVALID_ARGUMENT);
    CHECK_NULL(ucwa_json_text(NULL, ""), UCWA_INVALID_ARGUMENT);
    CHECK_NULL(ucwa_json_text(json, NULL), UCWA_INVALID_ARGUMENT);
    CHECK_NULL(ucwa_json_text(json, "/\xFF"), UCWA_INVALID_ARGUMENT);
    CHECK_NULL(ucwa_json_text(json, too_long), UCWA_INVALID_ARGUMENT);
    CHECK_TEXT(ucwa_last_error_message(), "pointer is longer than 65536 bytes");
    free(too_long);
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
    out_parameters(application);
    numbers(application);
    setters(application);
    reader();
    owned_texts();
    ucwa_config_free(NULL);
    ucwa_application_free(NULL);
    ucwa_json_free(NULL);
    ucwa_string_free(NULL);
    ucwa_bytes_free(NULL, 0);
    ucwa_bytes_free(NULL, 7);
    CHECK_STATUS(ucwa_sign_out(application), UCWA_OK);
    ucwa_application_free(application);
    return 0;
}
