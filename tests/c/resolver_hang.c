/* A name resolution that hangs: deadlines hold, and cancelling and freeing do not wait for it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include "check.h"

typedef int resolver(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int hangs, inside;

/* Stands before the system's: the library's calls come here. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    resolver *real;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    pthread_mutex_lock(&lock);
    inside++;
    pthread_cond_broadcast(&changed);
    while (hangs) {
        pthread_cond_wait(&changed, &lock);
    }
    inside--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    (void)name;
    return real("127.0.0.1", service, hints, result);
}

/* The server by a name that has to be resolved: localhost has not. */
static ucwa_config *by_name(void)
{
    ucwa_config *config = simulator_config();
    const char *port = strrchr(setting("UCWA_TEST_URL"), ':');
    char url[100];
    CHECK(port != NULL && strlen(port) < 20);
    snprintf(url, sizeof url, "https://pool1.contoso.com%s", port);
    CHECK_STATUS(ucwa_config_set(config, "discovery_url", url), UCWA_OK);
    return config;
}

static void set_hanging(int now)
{
    pthread_mutex_lock(&lock);
    hangs = now;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void wait_for_inside(int present)
{
    pthread_mutex_lock(&lock);
    while ((inside > 0) != present) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

/* The driver's fault closes the connection, so that this call needs another one, and the server's address for it. */
static void *reads(void *application)
{
    CHECK_NULL(ucwa_get_contact_presence(application, "sip:SaraD@contoso.com"), UCWA_CANCELLED);
    return NULL;
}

static void cancelling(void)
{
    pthread_t thread;
    ucwa_config *config = by_name();
    ucwa_application *application = ucwa_sign_in(config);
    CHECK(application != NULL);
    ucwa_config_free(config);
    set_hanging(1);
    CHECK(pthread_create(&thread, NULL, reads, application) == 0);
    wait_for_inside(1);

    double begin = milliseconds();
    CHECK_STATUS(ucwa_application_cancel(application), UCWA_OK);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(soon_after(begin));

    begin = milliseconds();
    ucwa_application_free(application);
    CHECK(soon_after(begin));

    set_hanging(0);
    wait_for_inside(0);
}

static void deadlines(void)
{
    ucwa_config *config = by_name();
    CHECK_STATUS(ucwa_config_set(config, "timeout_ms", "200"), UCWA_OK);
    set_hanging(1);
    double begin = milliseconds();
    CHECK_NULL(ucwa_sign_in(config), UCWA_TIMEOUT);
    CHECK(milliseconds() - begin >= 199 && soon_after(begin));
    ucwa_config_free(config);
    set_hanging(0);
    wait_for_inside(0);
}

int main(void)
{
    cancelling();
    deadlines();
    return 0;
}
