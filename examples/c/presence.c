/*
 * Who is there? Prints the presence of a contact and, as a table, that of everybody in a group.
 *
 *     presence CONTACT [GROUP]
 *
 * Signs in as UCWA_ADDRESS with UCWA_PASSWORD. UCWA_URL (where discovery starts) and UCWA_CA_FILE (an authority to
 * trust, beside the system's) are for servers that need them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <ucwa.h>

/*
 * Text of other people, fit for a terminal: control characters, and those that turn the direction of writing, become
 * question marks. Returns the buffer.
 */
static const char *plain(char *to, size_t size, const char *text)
{
    size_t length = 0;
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0' && length + 1 < size) {
        size_t acting = 0;
        if (*at < 0x20 || *at == 0x7F) {
            acting = 1;
        } else if ((*at == 0xC2 && at[1] >= 0x80 && at[1] <= 0x9F) || (*at == 0xD8 && at[1] == 0x9C)) {
            acting = 2;
        } else if (*at == 0xE2 && at[1] == 0x80 && (at[2] == 0x8E || at[2] == 0x8F || (at[2] >= 0xA8 && at[2] <= 0xAE))) {
            acting = 3;
        } else if (*at == 0xE2 && at[1] == 0x81 && at[2] >= 0xA6 && at[2] <= 0xA9) {
            acting = 3;
        }
        to[length++] = acting == 0 ? (char)*at : '?';
        at += acting == 0 ? 1 : acting;
    }
    to[length] = '\0';
    return to;
}

/* Says why the last call failed. The message is one line without control characters. */
static int failed(const char *what)
{
    char text[256];
    fprintf(stderr, "%s: %s\n", plain(text, sizeof text, what), ucwa_last_error_message());
    return EXIT_FAILURE;
}

static ucwa_application *sign_in(void)
{
    static const char *const settings[][2] = {
        {"sign_in_address", "UCWA_ADDRESS"},
        {"password", "UCWA_PASSWORD"},
        {"discovery_url", "UCWA_URL"},
        {"ca_file", "UCWA_CA_FILE"},
    };
    ucwa_config *config = ucwa_config_new();
    ucwa_application *application = NULL;
    ucwa_status status = UCWA_OK;
    for (size_t i = 0; i < sizeof settings / sizeof *settings && status == UCWA_OK; i++) {
        /* What is not in the environment is NULL: the key's default. */
        status = ucwa_config_set(config, settings[i][0], getenv(settings[i][1]));
    }
    if (status == UCWA_OK) {
        application = ucwa_sign_in(config);
    }
    ucwa_config_free(config);
    return application;
}

/* Parses what a call returned, and frees it. NULL stays NULL, with the last error as it was. */
static ucwa_json *parsed(char *text)
{
    ucwa_json *json = text == NULL ? NULL : ucwa_json_parse(text);
    ucwa_string_free(text);
    return json;
}

/* A member's text. What the server did not say is absent. */
static const char *member(const ucwa_json *json, const char *pointer, const char *otherwise)
{
    const char *text = ucwa_json_text(json, pointer);
    return text == NULL ? otherwise : text;
}

static int print_presence(ucwa_application *application, const char *contact)
{
    char *presence = ucwa_get_contact_presence(application, contact);
    if (presence == NULL) {
        return failed(contact);
    }
    /* JSON escapes control characters. */
    printf("%s\n", presence);
    ucwa_string_free(presence);
    return EXIT_SUCCESS;
}

static int print_row(ucwa_application *application, const char *contact)
{
    ucwa_json *presence = parsed(ucwa_get_contact_presence(application, contact));
    if (presence == NULL) {
        return failed(contact);
    }
    char name[64], availability[64], activity[64], device[64];
    printf("%-16s %-14s %-16s %s\n", plain(name, sizeof name, member(presence, "/name", contact)),
           plain(availability, sizeof availability, member(presence, "/availability", "-")),
           plain(activity, sizeof activity, member(presence, "/activity", "-")),
           plain(device, sizeof device, member(presence, "/deviceType", "-")));
    ucwa_json_free(presence);
    return EXIT_SUCCESS;
}

/* Step by step; ucwa_get_group_presence reads the presence of a whole group in one call. */
static int print_group(ucwa_application *application, const char *group)
{
    ucwa_json *members = parsed(ucwa_get_group_contacts(application, group));
    int result = EXIT_SUCCESS;
    if (members == NULL) {
        return failed(group);
    }
    printf("\n%-16s %-14s %-16s %s\n", "NAME", "AVAILABILITY", "ACTIVITY", "DEVICE");
    for (size_t i = 0; i < ucwa_json_size(members, "/contacts"); i++) {
        char pointer[40];
        snprintf(pointer, sizeof pointer, "/contacts/%zu/uri", i);
        if (print_row(application, member(members, pointer, "")) != EXIT_SUCCESS) {
            result = EXIT_FAILURE;
        }
    }
    ucwa_json_free(members);
    return result;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s CONTACT [GROUP]\n", argv[0]);
        return EXIT_FAILURE;
    }
    ucwa_application *application = sign_in();
    if (application == NULL) {
        return failed("signing in");
    }
    int result = print_presence(application, argv[1]);
    if (result == EXIT_SUCCESS && argc > 2) {
        result = print_group(application, argv[2]);
    }
    if (ucwa_sign_out(application) != UCWA_OK) {
        result = failed("signing out");
    }
    ucwa_application_free(application);
    return result;
}
