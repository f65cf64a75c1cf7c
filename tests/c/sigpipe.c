/* A server that resets its connections never raises SIGPIPE in the host, and the host's own signals stay its own. */
#include <signal.h>
#include "check.h"

static int is_blocked(void)
{
    sigset_t mask;
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0);
    return sigismember(&mask, SIGPIPE);
}

static int is_pending(void)
{
    sigset_t pending;
    CHECK(sigpending(&pending) == 0);
    return sigismember(&pending, SIGPIPE);
}

static void reads(ucwa_application *application, int count)
{
    for (int i = 0; i < count; i++) {
        char *presence = ucwa_get_contact_presence(application, "sip:SaraD@contoso.com");
        CHECK(presence != NULL || ucwa_last_error_status() == UCWA_NETWORK);
        ucwa_string_free(presence);
    }
}

int main(void)
{
    int rounds = atoi(setting("UCWA_TEST_ROUNDS"));
    sigset_t sigpipe;
    int taken;
    CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    ucwa_application *application = signed_in();
    CHECK_STATUS(ucwa_application_set(application, "max_retries", "0"), UCWA_OK);
    reads(application, rounds);
    CHECK(!is_blocked() && !is_pending());

    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    CHECK(pthread_sigmask(SIG_BLOCK, &sigpipe, NULL) == 0);
    reads(application, rounds / 10);
    CHECK(is_blocked() && !is_pending());
    CHECK(raise(SIGPIPE) == 0);
    reads(application, rounds / 10);
    CHECK(is_blocked() && is_pending());
    CHECK(sigwait(&sigpipe, &taken) == 0 && taken == SIGPIPE);

    ucwa_application_free(application);
    return 0;
}
