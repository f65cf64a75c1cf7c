/*
 * A live presence board: who of a group is there, as it changes.
 *
 *     board [-l] [-s SECONDS] GROUP
 *
 * -l writes a line for each change instead of drawing the board anew; -s ends it after so many seconds without one.
 *
 * Signs in as UCWA_ADDRESS with UCWA_PASSWORD. UCWA_URL (where discovery starts) and UCWA_CA_FILE (an authority to
 * trust, beside the system's) are for servers that need them.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucwa.h>

enum { MOST_PEOPLE = 200, LONGEST = 64 };

struct person {
    char uri[LONGEST], name[LONGEST], availability[LONGEST], activity[LONGEST];
};

struct board {
    struct person people[MOST_PEOPLE];
    size_t count;
    char connection[LONGEST];
    int lines;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

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

static int failed(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, ucwa_last_error_message());
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
        status = ucwa_config_set(config, settings[i][0], getenv(settings[i][1]));
    }
    if (status == UCWA_OK) {
        application = ucwa_sign_in(config);
    }
    ucwa_config_free(config);
    return application;
}

/* Copies a member's text as it may be printed, or what stands for it where the server did not say it. */
static void copy(char *to, const ucwa_json *json, const char *pointer, const char *otherwise)
{
    const char *text = ucwa_json_text(json, pointer);
    plain(to, LONGEST, text == NULL ? otherwise : text);
}

static struct person *find(struct board *board, const char *uri)
{
    for (size_t i = 0; i < board->count; i++) {
        if (strcmp(board->people[i].uri, uri) == 0) {
            return &board->people[i];
        }
    }
    return board->count < MOST_PEOPLE ? &board->people[board->count++] : NULL;
}

static void draw(const struct board *board)
{
    /* To the top left, and everything below away. */
    printf("\033[H\033[J%-24s %-14s %s\n", "NAME", "AVAILABILITY", "ACTIVITY");
    for (size_t i = 0; i < board->count; i++) {
        const struct person *person = &board->people[i];
        printf("%-24s %-14s %s\n", person->name, person->availability, person->activity);
    }
    if (board->connection[0] != '\0') {
        printf("\nthe connection is %s\n", board->connection);
    }
}

static void take(struct board *board, const ucwa_json *event)
{
    const char *kind = ucwa_json_text(event, "/event");
    if (kind != NULL && strcmp(kind, "presence") == 0) {
        const char *uri = ucwa_json_text(event, "/uri");
        struct person *person = uri == NULL ? NULL : find(board, uri);
        if (person != NULL) {
            snprintf(person->uri, LONGEST, "%s", uri);
            copy(person->name, event, "/presence/name", uri);
            copy(person->availability, event, "/presence/availability", "-");
            copy(person->activity, event, "/presence/activity", "");
            if (board->lines) {
                printf("%s: %s\n", person->name, person->availability);
            }
        }
    } else if (kind != NULL && strcmp(kind, "connection") == 0) {
        copy(board->connection, event, "/state", "unknown");
        if (board->lines) {
            printf("the connection is %s\n", board->connection);
        }
    }
    if (!board->lines) {
        draw(board);
    }
    fflush(stdout);
}

static int run(ucwa_application *application, const char *group, struct board *board, long seconds)
{
    char *subscription = ucwa_subscribe_group_presence(application, group);
    long idle_ms = 0;
    if (subscription == NULL) {
        return failed(group);
    }
    ucwa_string_free(subscription);
    while (!interrupted && (seconds == 0 || idle_ms < seconds * 1000)) {
        /* Short enough to notice an interrupt. */
        char *text = ucwa_next_event(application, 250);
        if (text != NULL) {
            ucwa_json *event = ucwa_json_parse(text);
            take(board, event);
            ucwa_json_free(event);
            ucwa_string_free(text);
            idle_ms = 0;
        } else if (ucwa_last_error_status() == UCWA_TIMEOUT) {
            idle_ms += 250;
        } else {
            return failed("waiting for events");
        }
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static struct board board;
    const char *group = NULL;
    long seconds = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-l") == 0) {
            board.lines = 1;
        } else if (strcmp(argv[i], "-s") == 0 && i + 1 < argc) {
            seconds = strtol(argv[++i], NULL, 10);
        } else {
            group = argv[i];
        }
    }
    if (group == NULL) {
        fprintf(stderr, "usage: %s [-l] [-s SECONDS] GROUP\n", argv[0]);
        return EXIT_FAILURE;
    }
    signal(SIGINT, interrupt);
    ucwa_application *application = sign_in();
    if (application == NULL) {
        return failed("signing in");
    }
    int result = run(application, group, &board, seconds);
    if (ucwa_sign_out(application) != UCWA_OK) {
        result = failed("signing out");
    }
    ucwa_application_free(application);
    return result;
}
