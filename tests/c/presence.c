/* The main job, from signing in to signing out, with everything that the header promises of the answers. */
#include "check.h"

static const char *const SARA = "sip:SaraD@contoso.com";

static int64_t integer(const ucwa_json *json, const char *pointer)
{
    int64_t value;
    CHECK_STATUS(ucwa_json_integer(json, pointer, &value), UCWA_OK);
    return value;
}

/* The place in a list where a member is this text; -1 where it is nowhere. */
static int find(const ucwa_json *json, const char *list, const char *member, const char *wanted)
{
    char pointer[128];
    size_t count = ucwa_json_size(json, list);
    for (size_t i = 0; i < count; i++) {
        snprintf(pointer, sizeof pointer, "%s/%lu/%s", list, (unsigned long)i, member);
        const char *text = ucwa_json_text(json, pointer);
        if (text != NULL && strcmp(text, wanted) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static const char *member(const ucwa_json *json, const char *list, int place, const char *name)
{
    char pointer[128];
    snprintf(pointer, sizeof pointer, "%s/%d/%s", list, place, name);
    const char *text = ucwa_json_text(json, pointer);
    CHECK(text != NULL);
    return text;
}

static void is_address(const char *href)
{
    CHECK(href != NULL && strncmp(href, "https://", 8) == 0);
}

static void application_itself(ucwa_application *application)
{
    ucwa_json *json = parsed(ucwa_get_application(application));
    is_address(ucwa_json_text(json, "/href"));
    CHECK_TEXT(ucwa_json_text(json, "/culture"), "en-US");
    CHECK_TEXT(ucwa_json_text(json, "/userAgent"), "libucwa/" UCWA_VERSION);
    CHECK(strlen(ucwa_json_text(json, "/endpointId")) == 36);
    ucwa_json_free(json);
}

static void presence(ucwa_application *application)
{
    ucwa_json *json = parsed(ucwa_get_contact_presence(application, SARA));
    CHECK_TEXT(ucwa_json_text(json, "/uri"), SARA);
    CHECK_TEXT(ucwa_json_text(json, "/name"), "Sara Davis");
    CHECK_TEXT(ucwa_json_text(json, "/availability"), "Offline");
    CHECK_TEXT(ucwa_json_text(json, "/deviceType"), "Unknown");
    CHECK_TEXT(ucwa_json_text(json, "/lastActive"), "2013-01-22T03:58:16.000Z");
    CHECK(integer(json, "/lastActiveUnixMs") == 1358827096000);
    CHECK_NULL(ucwa_json_text(json, "/activity"), UCWA_NOT_FOUND);
    is_address(ucwa_json_text(json, "/href"));
    ucwa_json_free(json);

    /* With or without sip:, whatever the case. */
    json = parsed(ucwa_get_contact_presence(application, "manishc@CONTOSO.com"));
    CHECK_TEXT(ucwa_json_text(json, "/uri"), "sip:ManishC@contoso.com");
    CHECK_TEXT(ucwa_json_text(json, "/availability"), "Busy");
    CHECK_TEXT(ucwa_json_text(json, "/activity"), "in-a-meeting");
    ucwa_json_free(json);

    CHECK_NULL(ucwa_get_contact_presence(application, "sip:nobody@contoso.com"), UCWA_NOT_FOUND);
    CHECK_MESSAGE("sip:nobody@contoso.com");
    CHECK_NULL(ucwa_get_contact_presence(application, "not an address"), UCWA_INVALID_ARGUMENT);
}

static void groups(ucwa_application *application)
{
    ucwa_json *json = parsed(ucwa_get_groups(application));
    int pinned = find(json, "/groups", "rel", "pinnedGroup"), sales = find(json, "/groups", "name", "Sales");
    CHECK(pinned >= 0 && sales >= 0 && find(json, "/groups", "rel", "defaultGroup") >= 0);
    is_address(member(json, "/groups", pinned, "href"));

    /* By id, rel and name. */
    const char *names[] = {member(json, "/groups", sales, "id"), "Sales", "sALES"};
    for (size_t i = 0; i < 3; i++) {
        ucwa_json *contacts = parsed(ucwa_get_group_contacts(application, names[i]));
        CHECK(ucwa_json_size(contacts, "/contacts") == 4);
        int sara = find(contacts, "/contacts", "uri", SARA);
        CHECK(sara >= 0);
        CHECK_TEXT(member(contacts, "/contacts", sara, "name"), "Sara Davis");
        is_address(member(contacts, "/contacts", sara, "href"));
        ucwa_json_free(contacts);
    }
    ucwa_json *contacts = parsed(ucwa_get_group_contacts(application, "pinnedGroup"));
    CHECK(ucwa_json_size(contacts, "/contacts") == 3);
    ucwa_json_free(contacts);
    ucwa_json_free(json);

    CHECK_NULL(ucwa_get_group_contacts(application, "no such group"), UCWA_NOT_FOUND);
    CHECK_MESSAGE("no such group");
}

static void people(ucwa_application *application)
{
    ucwa_json *json = parsed(ucwa_get_contacts(application));
    CHECK(ucwa_json_size(json, "/contacts") > 10);
    CHECK(find(json, "/contacts", "uri", SARA) >= 0);
    ucwa_json_free(json);

    json = parsed(ucwa_get_contact(application, SARA));
    CHECK_TEXT(ucwa_json_text(json, "/uri"), SARA);
    CHECK_TEXT(ucwa_json_text(json, "/title"), "Sales Manager");
    is_address(ucwa_json_text(json, "/href"));
    CHECK(ucwa_json_size(json, "/_links") == 0);
    ucwa_json_free(json);

    json = parsed(ucwa_search_contacts(application, "sara", 5));
    CHECK(find(json, "/contacts", "uri", SARA) >= 0);
    CHECK_STATUS(ucwa_json_size(json, "/distributionGroups") == 0 ? ucwa_last_error_status() : UCWA_OK, UCWA_OK);
    ucwa_json_free(json);

    json = parsed(ucwa_search_contacts(application, "nobody of that name", 0));
    CHECK(ucwa_json_size(json, "/contacts") == 0 && ucwa_last_error_status() == UCWA_OK);
    ucwa_json_free(json);
    CHECK_NULL(ucwa_search_contacts(application, "sara", 101), UCWA_INVALID_ARGUMENT);
}

static void raw_resources(ucwa_application *application)
{
    ucwa_json *json = parsed(ucwa_navigate(application, ""));
    CHECK(ucwa_json_size(json, "/_links") > 0 && ucwa_json_size(json, "/_embedded/people/_links") > 0);
    ucwa_json_free(json);

    json = parsed(ucwa_navigate(application, "people/search?query=sara&limit=5"));
    CHECK(find(json, "/_embedded/contact", "uri", SARA) >= 0);
    ucwa_json_free(json);

    json = parsed(ucwa_navigate(
        application, "people/myGroups/pinnedGroup/groupContacts/contact[uri=sip:sarad@contoso.com]/contactPresence"));
    CHECK_TEXT(ucwa_json_text(json, "/lastActive"), "/Date(1358827096000)/");
    ucwa_json_free(json);

    CHECK_NULL(ucwa_navigate(application, "people/noSuchThing"), UCWA_NOT_FOUND);
    CHECK_MESSAGE("noSuchThing");
    CHECK_NULL(ucwa_navigate(application, "people//search"), UCWA_INVALID_ARGUMENT);
}

/* Freeing leaves the application on the server, and another handle attaches to it. */
static ucwa_application *attached_again(ucwa_application *application)
{
    ucwa_json *json = parsed(ucwa_get_application(application));
    ucwa_config *config = simulator_config();
    CHECK_STATUS(ucwa_config_set(config, "application_url", ucwa_json_text(json, "/href")), UCWA_OK);
    CHECK_STATUS(ucwa_config_set(config, "endpoint_id", ucwa_json_text(json, "/endpointId")), UCWA_OK);
    ucwa_application_free(application);

    application = ucwa_sign_in(config);
    CHECK(application != NULL);
    ucwa_config_free(config);
    ucwa_json *now = parsed(ucwa_get_application(application));
    CHECK_TEXT(ucwa_json_text(now, "/href"), ucwa_json_text(json, "/href"));
    ucwa_json_free(now);
    ucwa_json_free(json);
    return application;
}

static void signing_out(ucwa_application *application)
{
    CHECK_STATUS(ucwa_sign_out(application), UCWA_OK);
    CHECK_NULL(ucwa_get_contact_presence(application, SARA), UCWA_CANCELLED);
    CHECK_NULL(ucwa_get_application(application), UCWA_CANCELLED);
    CHECK_NULL(ucwa_navigate(application, ""), UCWA_CANCELLED);
    CHECK_STATUS(ucwa_application_set(application, "max_retries", "1"), UCWA_CANCELLED);
    ucwa_application_free(application);
}

static void a_wrong_password(void)
{
    ucwa_config *config = simulator_config();
    CHECK_STATUS(ucwa_config_set(config, "password", "not-the-one"), UCWA_OK);
    CHECK_NULL(ucwa_sign_in(config), UCWA_AUTHENTICATION_FAILED);
    char *error = ucwa_last_error_json();
    CHECK(strstr(error, "not-the-one") == NULL);
    ucwa_json *json = parsed(error);
    CHECK_TEXT(ucwa_json_text(json, "/status"), "UCWA_AUTHENTICATION_FAILED");
    CHECK(ucwa_json_text(json, "/message") != NULL && ucwa_json_text(json, "/request") != NULL);
    CHECK(integer(json, "/httpStatus") == 400);
    ucwa_json_free(json);
    ucwa_config_free(config);
}

int main(void)
{
    ucwa_application *application = signed_in();
    application_itself(application);
    presence(application);
    groups(application);
    people(application);
    raw_resources(application);
    application = attached_again(application);
    presence(application);
    signing_out(application);
    a_wrong_password();
    return 0;
}
