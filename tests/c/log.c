/* The log: levels, targets, no secrets, and nothing after a removal. */
#include <pthread.h>
#include <sched.h>
#include "check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int lines, most_detailed, entered, may_leave, left;

static void look(int32_t level, const char *target, const char *message, void *user_data)
{
    CHECK_TEXT(user_data, "mine");
    CHECK(strncmp(target, "ucwa", 4) == 0);
    CHECK(level >= UCWA_LOG_ERROR && level <= UCWA_LOG_TRACE);
    CHECK(strchr(message, '\n') == NULL);
    CHECK(strstr(message, setting("UCWA_TEST_PASSWORD")) == NULL);
    CHECK(strstr(message, "cwt=") == NULL);
    pthread_mutex_lock(&lock);
    lines++;
    most_detailed = level > most_detailed ? level : most_detailed;
    pthread_mutex_unlock(&lock);
}

static void use_the_library(void)
{
    ucwa_application *application = signed_in();
    ucwa_string_free(ucwa_get_contact_presence(application, "sip:SaraD@contoso.com"));
    CHECK_STATUS(ucwa_sign_out(application), UCWA_OK);
    ucwa_application_free(application);
}

static void levels(void)
{
    CHECK_STATUS(ucwa_set_log_callback(-1, look, NULL), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_set_log_callback(6, look, NULL), UCWA_INVALID_ARGUMENT);
    CHECK_STATUS(ucwa_set_log_callback(0, NULL, NULL), UCWA_OK);

    CHECK_STATUS(ucwa_set_log_callback(UCWA_LOG_TRACE, look, "mine"), UCWA_OK);
    use_the_library();
    CHECK(lines > 0 && most_detailed >= UCWA_LOG_DEBUG);

    lines = most_detailed = 0;
    CHECK_STATUS(ucwa_set_log_callback(UCWA_LOG_INFO, look, "mine"), UCWA_OK);
    use_the_library();
    CHECK(most_detailed <= UCWA_LOG_INFO);

    lines = 0;
    CHECK_STATUS(ucwa_set_log_callback(0, look, "mine"), UCWA_OK);
    use_the_library();
    CHECK_STATUS(ucwa_set_log_callback(UCWA_LOG_TRACE, NULL, NULL), UCWA_OK);
    use_the_library();
    CHECK(lines == 0);
}

static void stay(int32_t level, const char *target, const char *message, void *user_data)
{
    (void)level;
    (void)target;
    (void)message;
    (void)user_data;
    pthread_mutex_lock(&lock);
    if (!entered) {
        /* Against the rules, but no deadlock. */
        CHECK_STATUS(ucwa_set_log_callback(0, NULL, NULL), UCWA_CONFLICT);
        entered = 1;
        pthread_cond_broadcast(&changed);
        while (!may_leave) {
            pthread_cond_wait(&changed, &lock);
        }
        pthread_mutex_unlock(&lock);
        /* A removal that did not wait would return now. */
        for (int i = 0; i < 1000; i++) {
            sched_yield();
        }
        pthread_mutex_lock(&lock);
        left = 1;
    }
    pthread_mutex_unlock(&lock);
}

static void *another_thread(void *unused)
{
    (void)unused;
    use_the_library();
    return NULL;
}

static void a_removal_waits(void)
{
    pthread_t thread;
    CHECK_STATUS(ucwa_set_log_callback(UCWA_LOG_TRACE, stay, NULL), UCWA_OK);
    CHECK(pthread_create(&thread, NULL, another_thread, NULL) == 0);
    pthread_mutex_lock(&lock);
    while (!entered) {
        pthread_cond_wait(&changed, &lock);
    }
    may_leave = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    CHECK_STATUS(ucwa_set_log_callback(0, NULL, NULL), UCWA_OK);
    pthread_mutex_lock(&lock);
    CHECK(left);
    pthread_mutex_unlock(&lock);
    CHECK(pthread_join(thread, NULL) == 0);
}

int main(void)
{
    levels();
    a_removal_waits();
    return 0;
}
