/* Live presence: a poll loop, a callback, and the end with everything under way. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include "check.h"

#define SARA "sip:SaraD@contoso.com"

/* The driver changes presence at the server, and answers when it has. */
static void have_it_changed(const char *availability)
{
    char line[16];
    puts(availability);
    fflush(stdout);
    CHECK(fgets(line, sizeof line, stdin) != NULL);
}

static ucwa_json *polled(ucwa_application *application)
{
    struct pollfd watched = {(int)ucwa_event_descriptor(application), POLLIN, 0};
    CHECK(watched.fd >= 0);
    CHECK(poll(&watched, 1, 60000) == 1 && (watched.revents & POLLIN) != 0);
    return parsed(ucwa_next_event(application, 0));
}

static void by_poll(ucwa_application *application)
{
    ucwa_json *subscription = parsed(ucwa_subscribe_presence(application, "[\"" SARA "\"]"));
    const char *id = ucwa_json_text(subscription, "/id");
    CHECK(id != NULL && ucwa_json_size(subscription, "/contacts") == 1);

    ucwa_json *event = polled(application);
    CHECK_TEXT(ucwa_json_text(event, "/event"), "presence");
    CHECK_TEXT(ucwa_json_text(event, "/uri"), SARA);
    CHECK_TEXT(ucwa_json_text(event, "/presence/availability"), "Offline");
    CHECK_TEXT(ucwa_json_text(event, "/subscriptions/0"), id);
    ucwa_json_free(event);
    CHECK_NULL(ucwa_next_event(application, 0), UCWA_TIMEOUT);

    have_it_changed("Busy");
    event = polled(application);
    CHECK_TEXT(ucwa_json_text(event, "/presence/availability"), "Busy");
    ucwa_json_free(event);

    ucwa_json *changed = parsed(ucwa_change_subscription(application, id, "{\"add\":[\"sip:ManishC@contoso.com\"]}"));
    CHECK(ucwa_json_size(changed, "/contacts") == 2);
    ucwa_json_free(changed);
    event = polled(application);
    CHECK_TEXT(ucwa_json_text(event, "/uri"), "sip:ManishC@contoso.com");
    ucwa_json_free(event);

    ucwa_json *health = parsed(ucwa_get_health(application));
    CHECK_TEXT(ucwa_json_text(health, "/connection"), "connected");
    ucwa_json_free(health);
    CHECK_STATUS(ucwa_unsubscribe_presence(application, id), UCWA_OK);
    CHECK_STATUS(ucwa_unsubscribe_presence(application, id), UCWA_NOT_FOUND);
    ucwa_json_free(subscription);
}

/* What a callback starts inherits its signal mask: it is the one that the program has chosen. */
static int has_the_mask_of_main(void)
{
    sigset_t mask;
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0);
    return sigismember(&mask, SIGUSR1) && !sigismember(&mask, SIGINT) && !sigismember(&mask, SIGTERM)
        && !sigismember(&mask, SIGCHLD) && !sigismember(&mask, SIGPIPE);
}

struct taken {
    ucwa_application *application;
    pthread_mutex_t lock;
    pthread_cond_t bell;
    int events, destroyed;
};

static void take(const char *event_json, void *user_data)
{
    struct taken *taken = user_data;
    ucwa_json *event = ucwa_json_parse(event_json);
    CHECK(event != NULL && ucwa_json_text(event, "/event") != NULL);
    CHECK(has_the_mask_of_main());
    ucwa_json_free(event);
    /* It may read from the server. */
    ucwa_json_free(parsed(ucwa_get_contact_presence(taken->application, SARA)));
    pthread_mutex_lock(&taken->lock);
    taken->events++;
    pthread_cond_signal(&taken->bell);
    pthread_mutex_unlock(&taken->lock);
}

static void destroy(void *user_data)
{
    struct taken *taken = user_data;
    taken->destroyed++;
}

static void wait_for_events(struct taken *taken, int events)
{
    pthread_mutex_lock(&taken->lock);
    while (taken->events < events) {
        pthread_cond_wait(&taken->bell, &taken->lock);
    }
    pthread_mutex_unlock(&taken->lock);
}

static void by_callback(ucwa_application *application)
{
    struct taken taken = {application, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
    struct taken other = {application, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
    CHECK_STATUS(ucwa_set_event_callback(application, take, &taken, destroy), UCWA_OK);
    CHECK_NULL(ucwa_next_event(application, 0), UCWA_CONFLICT);
    CHECK(ucwa_event_descriptor(application) == -1 && ucwa_last_error_status() == UCWA_CONFLICT);
    ucwa_json_free(parsed(ucwa_subscribe_group_presence(application, "Sales")));
    wait_for_events(&taken, 4);
    CHECK(taken.destroyed == 0);

    /* Another takes its place: the former one runs no more, and its data is destroyed, once. */
    CHECK_STATUS(ucwa_set_event_callback(application, take, &other, destroy), UCWA_OK);
    CHECK(taken.destroyed == 1);
    have_it_changed("Away");
    wait_for_events(&other, 1);
    CHECK(taken.events == 4);

    CHECK_STATUS(ucwa_set_event_callback(application, NULL, NULL, NULL), UCWA_OK);
    CHECK(other.destroyed == 1);
    /* What was refused still belongs to the caller. */
    CHECK(ucwa_event_descriptor(application) >= 0);
    CHECK_STATUS(ucwa_set_event_callback(application, take, &other, destroy), UCWA_CONFLICT);
    CHECK(other.destroyed == 1);
}

static void ends(ucwa_application *application)
{
    double begin = milliseconds();
    CHECK_STATUS(ucwa_application_cancel(application), UCWA_OK);
    CHECK_NULL(ucwa_next_event(application, -1), UCWA_CANCELLED);
    CHECK_NULL(ucwa_subscribe_contacts_and_groups(application), UCWA_CANCELLED);
    ucwa_application_free(application);
    CHECK(soon_after(begin));
}

int main(void)
{
    sigset_t own;
    sigemptyset(&own);
    sigaddset(&own, SIGUSR1);
    CHECK(pthread_sigmask(SIG_BLOCK, &own, NULL) == 0 && has_the_mask_of_main());
    ucwa_application *application = signed_in();
    by_poll(application);
    ends(application);
    application = signed_in();
    by_callback(application);
    ends(application);
    return 0;
}
