/* A program that closes all descriptors that it does not know, as daemons do, and only then lets go of the library: it
   returns at once, and touches no file that has one of the numbers by now. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>
#include "check.h"

enum { FIRST = 3, LAST = 255 };

static void *reads(void *application)
{
    CHECK_NULL(ucwa_get_contact_presence(application, "sip:SaraD@contoso.com"), UCWA_CANCELLED);
    return NULL;
}

static void *takes(void *application)
{
    char *event;
    while ((event = ucwa_next_event(application, -1)) != NULL) {
        ucwa_string_free(event);
    }
    CHECK(ucwa_last_error_status() == UCWA_CANCELLED);
    return NULL;
}

/* The driver answers when the server holds what the program has begun. */
static void until_the_server_holds(const char *what)
{
    char line[16];
    puts(what);
    fflush(stdout);
    CHECK(fgets(line, sizeof line, stdin) != NULL);
}

/* No other thread is at work: one that is about to use a descriptor could not be kept from it. */
static void until_all_wait(void)
{
    for (int working = 1; working;) {
        DIR *tasks = opendir("/proc/self/task");
        struct dirent *task;
        CHECK(tasks != NULL);
        working = 0;
        while ((task = readdir(tasks)) != NULL) {
            char name[300], state = 'S';
            FILE *file;
            if (task->d_name[0] == '.' || atol(task->d_name) == (long)getpid()) {
                continue;
            }
            snprintf(name, sizeof name, "/proc/self/task/%s/stat", task->d_name);
            file = fopen(name, "r");
            if (file != NULL) {
                CHECK(fscanf(file, "%*d (%*[^)]) %c", &state) == 1 || feof(file) || ferror(file));
                fclose(file);
            }
            working |= state != 'S';
        }
        closedir(tasks);
        sched_yield();
    }
}

/* Closes all of them, and has a file of its own by the same numbers. */
static void become_a_daemon(int files[])
{
    char name[] = "/tmp/ucwa-closed-XXXXXX";
    for (int number = FIRST; number <= LAST; number++) {
        files[number] = fcntl(number, F_GETFD) != -1;
        close(number);
    }
    int file = mkstemp(name);
    CHECK(file >= FIRST && unlink(name) == 0);
    for (int number = FIRST; number <= LAST; number++) {
        if (files[number] && number != file) {
            CHECK(dup2(file, number) == number);
        }
    }
    files[file] = 1;
}

static void check_and_close(const int files[])
{
    int open = 0;
    for (int number = FIRST; number <= LAST; number++) {
        if (files[number]) {
            struct stat file;
            CHECK(fstat(number, &file) == 0);
            CHECK(S_ISREG(file.st_mode) && file.st_size == 0);
            close(number);
            open++;
        }
    }
    CHECK(open > 3);
}

enum { LIVE = 1, CALL = 2, EVENTS = 4, DESCRIPTOR = 8, CANCEL = 16 };

static void try(int how)
{
    int files[LAST + 1];
    pthread_t reader, taker;
    ucwa_application *application = signed_in();
    if (how & LIVE) {
        char *made = ucwa_subscribe_presence(application, "[\"sip:ManishC@contoso.com\"]");
        CHECK(made != NULL);
        ucwa_string_free(made);
        /* The present state is read by then. */
        ucwa_string_free(ucwa_next_event(application, -1));
        if (how & DESCRIPTOR) {
            CHECK(ucwa_event_descriptor(application) >= FIRST);
        }
        if (how & EVENTS) {
            CHECK(pthread_create(&taker, NULL, takes, application) == 0);
        }
        until_the_server_holds("listening");
    }
    if (how & CALL) {
        CHECK(pthread_create(&reader, NULL, reads, application) == 0);
        until_the_server_holds("reading");
    }
    until_all_wait();
    become_a_daemon(files);
    if (how & CANCEL) {
        CHECK_STATUS(ucwa_application_cancel(application), UCWA_OK);
    }
    if (how & CALL) {
        CHECK(pthread_join(reader, NULL) == 0);
    }
    if (how & EVENTS) {
        CHECK(pthread_join(taker, NULL) == 0);
    }
    CHECK_NULL(ucwa_get_contact_presence(application, "sip:ManishC@contoso.com"), UCWA_CANCELLED);
    ucwa_application_free(application);
    check_and_close(files);
}

int main(void)
{
    try(0);
    try(LIVE);
    try(LIVE | DESCRIPTOR);
    /* Whoever calls is told even if nobody cancels. */
    try(CALL);
    try(CALL | CANCEL);
    try(LIVE | EVENTS | CANCEL);
    try(LIVE | EVENTS | DESCRIPTOR | CALL | CANCEL);
    return 0;
}
