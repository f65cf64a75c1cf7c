/* Cancelling from another thread: whatever waits for the server returns at once, and freeing does not wait either. */
#include <pthread.h>
#include "check.h"

enum { THREADS = 4 };

static const char *const contacts[THREADS] = {"sip:SaraD@contoso.com", "sip:ManishC@contoso.com", "sip:DanaB@contoso.com",
                                              "sip:AlexD@contoso.com"};

static ucwa_application *application;

static void *waits(void *contact)
{
    CHECK_NULL(ucwa_get_contact_presence(application, contact), UCWA_CANCELLED);
    return NULL;
}

/* The driver answers when the server holds the requests of all threads. */
static void until_the_server_holds_them(void)
{
    char line[16];
    puts("waiting");
    fflush(stdout);
    CHECK(fgets(line, sizeof line, stdin) != NULL);
}

int main(void)
{
    pthread_t threads[THREADS];
    application = signed_in();
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, waits, (void *)contacts[i]) == 0);
    }
    until_the_server_holds_them();

    double begin = milliseconds();
    CHECK_STATUS(ucwa_application_cancel(application), UCWA_OK);
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHECK(soon_after(begin));

    begin = milliseconds();
    CHECK_NULL(ucwa_get_contact_presence(application, contacts[0]), UCWA_CANCELLED);
    CHECK_NULL(ucwa_get_groups(application), UCWA_CANCELLED);
    CHECK_NULL(ucwa_get_application(application), UCWA_CANCELLED);
    CHECK_STATUS(ucwa_sign_out(application), UCWA_CANCELLED);
    CHECK_STATUS(ucwa_application_cancel(application), UCWA_OK);
    CHECK(soon_after(begin));

    begin = milliseconds();
    ucwa_application_free(application);
    CHECK(soon_after(begin));
    return 0;
}
