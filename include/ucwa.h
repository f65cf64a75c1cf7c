/*
 * libucwa: the presence of people on Skype for Business Server, for C programs.
 *
 * This header is the manual. It needs C99 or C++11. Link with -lucwa.
 *
 *
 * A PROGRAM
 *
 *     #include <stdio.h>
 *     #include <ucwa.h>
 *
 *     int main(void)
 *     {
 *         ucwa_config *config = ucwa_config_new();
 *         ucwa_application *application = NULL;
 *         char *presence = NULL;
 *
 *         if (ucwa_config_set(config, "sign_in_address", "sip:lenea@contoso.com") == UCWA_OK
 *             && ucwa_config_set(config, "password", "Pa$$w0rd") == UCWA_OK
 *             && (application = ucwa_sign_in(config)) != NULL
 *             && (presence = ucwa_get_contact_presence(application, "sip:SaraD@contoso.com")) != NULL) {
 *             ucwa_json *json = ucwa_json_parse(presence);
 *             printf("%s\n", ucwa_json_text(json, "/availability"));
 *             ucwa_json_free(json);
 *             ucwa_sign_out(application);
 *         } else {
 *             fprintf(stderr, "%s\n", ucwa_last_error_message());
 *         }
 *         ucwa_string_free(presence);
 *         ucwa_application_free(application);
 *         ucwa_config_free(config);
 *         return presence == NULL;
 *     }
 *
 *
 * CONVENTIONS
 *
 * Results. A function that returns `char *` returns an owned UTF-8 text that ends with NUL, nearly always JSON; or NULL
 * on a failure. A function that returns ucwa_status returns UCWA_OK (0) or what failed (negative). Parameters that
 * receive a result are set to 0 or NULL first.
 *
 * Ownership. What is owned is the caller's, and is freed by the function that its description names: texts by
 * ucwa_string_free, never by free(). What is borrowed is not freed, and good for as long as its description says.
 * Every _free function ignores NULL. Texts that are passed in are read during the call and never kept.
 *
 * Texts. All are UTF-8. NULL, or what is no UTF-8, is empty, or is longer than 65536 bytes (lists of contacts may have
 * more), is UCWA_INVALID_ARGUMENT and never a crash; NULL or an empty text has a meaning only where a description gives
 * it one. A NUL character within a text that is handed out is replaced by U+FFFD.
 *
 * The last error. Each thread has its own. Every call sets it, to UCWA_OK where it succeeded, but for the _free and
 * ucwa_last_error_ functions, ucwa_version and ucwa_status_name, which leave it alone. No error and no line of the log
 * ever holds a password or a token. Programs act on the status; the message is for people.
 *
 * JSON. Property names are UCWA's own. What the server did not say is absent; what this library does not know is passed
 * on. Later versions, of the server too, may add members and values: ignore those you do not know. A date
 * "/Date(1358827096000)/" becomes "2013-01-22T03:58:16.000Z", with a number of the name ...UnixMs beside it.
 *
 * Threads. Any number of threads may use one application at once, and calls of different threads do not wait for each
 * other. A handle is freed by one thread, once, when no other uses it: ucwa_application_cancel makes the others
 * return. A call that reads from the server blocks its thread for at most `timeout_ms`, retries included.
 *
 * Limits. The body of an answer may have 32 MiB, decompressed, and 1,000,000 array items and links; a part of a batch 200
 * headers; what an error quotes of the server 4 KB. An answer beyond that is UCWA_PROTOCOL, and the message names the
 * limit. A result has at most 48 MiB, an argument 100,000 contacts. An application takes at most 256 MB of memory: further
 * calls wait, within their time. A thread that calls the library needs 256 KB of stack.
 *
 * Callbacks run on the thread of a call or on one of the library's own. They return by themselves: no longjmp, no C++
 * exception. What else they may do stands beside their types. A program that one starts inherits the signal mask that
 * it runs with: the event callback has that of the thread that set it, the token callback that of the thread whose call
 * it serves, and SIGPIPE blocked beside.
 *
 * Signals. The library's own threads take none, but those that tell of a crash: handlers run on the threads of the
 * program, and interrupt what these wait for.
 *
 * The process. The library prints nothing, installs no signal handler and changes nothing that belongs to the whole
 * process. A lost connection never raises SIGPIPE. In a forked child an inherited configuration or application answers
 * UCWA_FORKED at once, and may be freed; make new ones there. dlclose is safe once every handle is freed: the library
 * stays mapped. A defect of the library is UCWA_INTERNAL and leaves the process alone.
 *
 *
 * CONTACTS, GROUPS AND PATHS
 *
 * A contact is a SIP URI, with or without "sip:", whatever the case: "sip:SaraD@contoso.com", "sarad@contoso.com".
 *
 * A group is an id, else a rel ("pinnedGroup", "defaultGroup"), else a name, whatever the case. A name that fits several
 * groups is UCWA_CONFLICT, and the error's JSON lists their `ids`.
 *
 * A path of ucwa_navigate is a row of link relations, separated by "/", and perhaps a query:
 *
 *     people/myGroups/pinnedGroup/groupContacts/contact[uri=sip:sarad@contoso.com]/contactPresence
 *     people/search?query=sara&limit=5
 *
 * Where a relation leads to several resources, a property or a number (from 0) selects one: rel[name=value],
 * rel[index]. A value is compared exactly, but `uri` as contacts are; in it / ] [ ? % are written as %2F %5D %5B %3F %25.
 * Each segment is looked for among the embedded resources first, then among the links. The empty path is the application.
 *
 *
 * CONFIGURATION KEYS
 *
 *   sign_in_address (a SIP URI, such as sip:lenea@contoso.com)
 *       Who signs in; discovery starts at its domain. Needed unless discovery_url or application_url is given.
 *   username (name@domain or DOMAIN\name)
 *       Account name for the password grant. Default: sign_in_address.
 *   password (any text; secret)
 *       Password for the password grant.
 *   auth (password or token)
 *       Which way of signing in to use. Default: what is given (access_token or the token callback before password).
 *   access_token (a bearer token, without "Bearer "; secret)
 *       A token obtained elsewhere. It is sent to the first server that asks for one, and to no other.
 *   discovery_url (an http or https URL)
 *       Start discovery here instead of lyncdiscoverinternal.DOMAIN and lyncdiscover.DOMAIN.
 *   application_url (an https URL)
 *       Attach to this application, which exists already, instead of creating one (the href of the application).
 *   user_agent (at most 100 characters; default libucwa/VERSION)
 *       What the application calls itself, to the server's administrator.
 *   culture (a culture name, such as de-DE; default en-US)
 *       The language of texts that the server writes (activity).
 *   endpoint_id (at most 100 characters, usually a UUID)
 *       Identifies this process to the server. Default: a new UUID per application. A service sets its own and keeps
 *       it, so that crashes pile up no applications.
 *   ca_file (a file in PEM, or one certificate in DER)
 *       Further trusted certificate authorities, in addition to the system's. A self-signed server certificate is trusted
 *       if this file holds exactly it.
 *   ca_dir (a folder with such files)
 *       The same as ca_file, with many files.
 *   client_certificate (a PEM file)
 *       The client's certificate chain, for servers that ask for one. Needs client_key.
 *   client_key (a PEM file)
 *       The private key of client_certificate.
 *   minimum_tls (1.2 or 1.3; default 1.2)
 *       The oldest TLS version taken.
 *   proxy (an http, https or socks5 URL, or none)
 *       The proxy to use. Default: the environment's (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY).
 *   no_proxy (hosts, *.domain, addresses, networks or *, separated by commas, semicolons or blanks)
 *       Hosts that bypass the proxy, whether `proxy` or the environment names it. A name stands for what is below it, too.
 *       Loopback addresses bypass it in any case.
 *   resolve (host=address[:port], separated by commas)
 *       Addresses used instead of name resolution. A host that is named several times has several addresses.
 *   trusted_domains (hosts or *.domain, separated by commas)
 *       Hosts of the deployment outside the sign-in domain: discovery may be led to them over plain http, and
 *       passwords may go to token services on them.
 *   timeout_ms (1 to 86400000; default 30000)
 *       Milliseconds that one call may take as a whole, retries included.
 *   connect_timeout_ms (1 to 86400000; default 4000)
 *       Milliseconds that making one connection may take, all addresses of a name included.
 *   max_retries (0 to 20; default 3)
 *       How often one request is repeated that failed in a way worth repeating.
 *   max_outstanding (1 to 1000; default 100)
 *       How many requests of this application may be under way at once.
 *   allow_insecure_http (true or false; default false)
 *       Lets passwords and tokens go over plain http beyond loopback. For laboratories only.
 */

#ifndef UCWA_H
#define UCWA_H

#include <stddef.h>
#include <stdint.h>
/** The version of this header; ucwa_version() is that of the library. */
#define UCWA_VERSION "0.1.0"
#define UCWA_VERSION_MAJOR 0
#define UCWA_VERSION_MINOR 1
#define UCWA_VERSION_PATCH 0
/** MAJOR * 1000000 + MINOR * 1000 + PATCH, to compare with. */
#define UCWA_VERSION_NUMBER 1000

/* Define UCWA_STATIC to link the static library on Windows. */
#if defined(_WIN32) && !defined(UCWA_STATIC)
#define UCWA_API __declspec(dllimport)
#else
#define UCWA_API
#endif


/**
 * Log level: what failed.
 */
#define UCWA_LOG_ERROR 1

/**
 * Log level: what went on in spite of a trouble.
 */
#define UCWA_LOG_WARN 2

/**
 * Log level: sign-ins, tokens, requests that are repeated.
 */
#define UCWA_LOG_INFO 3

/**
 * Log level: every request.
 */
#define UCWA_LOG_DEBUG 4

/**
 * Log level: everything.
 */
#define UCWA_LOG_TRACE 5

/**
 * A signed-in UCWA application. Any number of threads may use it at once; only freeing is one thread's
 * alone.
 */
typedef struct ucwa_application ucwa_application;

/**
 * How to sign in: a value for each configuration key, and perhaps a token callback.
 *
 * Any number of threads may read it or sign in with it at once; while one changes or frees it, no other uses
 * it.
 */
typedef struct ucwa_config ucwa_config;

/**
 * A parsed JSON text. It never changes, so any number of threads may read it at once; a forked child may,
 * too.
 *
 * The places in it are named by JSON pointers (RFC 6901): "" is the whole, "/contacts/0/uri" a member, `~1`
 * stands for `/` and `~0` for `~` in a name. Of members with the same name the last one counts.
 */
typedef struct ucwa_json ucwa_json;

/**
 * UCWA_OK, or the kind of a failure, which is negative. Later versions may add kinds; a number never changes
 * its meaning.
 */
typedef int32_t ucwa_status;

/**
 * Asks the host for a bearer token: called when a server asks for one, and anew when it refuses the last
 * one.
 *
 * It runs on the thread whose call needs the token, in one thread of an application at a time; where the
 * library itself needs one, for live presence or to report activity, on a thread of the library, with the
 * signal mask of the call that started that. Then SIGPIPE is blocked, as within every call. The call
 * waits for it, beyond its `timeout_ms` if need be; ucwa_application_cancel does not interrupt it, and
 * ucwa_application_free waits for it. It may call any function but ucwa_application_free on the application
 * that asks, and wait for no thread that does; a call that needs the very token fails with UCWA_CONFLICT.
 * It must return by itself: no longjmp, no C++ exception.
 *
 * @param challenge_json What the server asks for, borrowed for the call:
 *        `{"url":"https://host/...","host":"https://host","tokenUrl":"https://host/...","grants":["..."],"reason":"challenged"}`.
 *        The reason is `refused` where the last token was not taken; `tokenUrl` is absent where the server
 *        names none.
 * @param user_data What was set together with the callback.
 * @return ucwa_string_new(token), without "Bearer "; the library frees and wipes it. NULL where there is
 *         none: the call that needs it fails with UCWA_AUTHENTICATION_FAILED.
 */
typedef char *(*ucwa_token_callback)(const char *challenge_json, void *user_data);

/**
 * Takes an event: see ucwa_next_event for what it may be.
 *
 * It runs on a thread of the library that does nothing else, one event after the other, in order; while it runs, the
 * next ones wait. It may call any function, and read from the server, but not ucwa_application_free on its own
 * application, and it waits for no thread that frees that or replaces the callback. Its signal mask is that of the thread
 * that set it, so that programs which it starts inherit nothing of the library's. It must return by itself: no longjmp,
 * no C++ exception.
 *
 * @param event_json The event; borrowed for the call.
 * @param user_data What was set together with the callback.
 */
typedef void (*ucwa_event_callback)(const char *event_json, void *user_data);

/**
 * Takes one line of the library's log. No line ever holds a password or a token.
 *
 * It runs on whatever thread the line arises on, perhaps on several at once, and should be quick. It calls
 * no function of this library and returns by itself: no longjmp, no C++ exception. On the library's own
 * threads all signals are blocked: it is no place to start programs from.
 *
 * @param level UCWA_LOG_ERROR to UCWA_LOG_TRACE.
 * @param target The part of the library, beginning with "ucwa"; borrowed for the call.
 * @param message One line of UTF-8; borrowed for the call.
 * @param user_data What was set together with the callback.
 */
typedef void (*ucwa_log_callback)(int32_t level, const char *target, const char *message, void *user_data);

/**
 * No failure.
 */
#define UCWA_OK 0

/**
 * An argument is missing, malformed or out of range, or the server called the request bad.
 */
#define UCWA_INVALID_ARGUMENT -1

/**
 * A configuration key is unknown, or its value cannot be used; the message says what is allowed.
 */
#define UCWA_INVALID_CONFIG -2

/**
 * No UCWA server was found for the sign-in address.
 */
#define UCWA_DISCOVERY_FAILED -3

/**
 * The server refused the credentials or the token. They are not sent again until they are changed.
 */
#define UCWA_AUTHENTICATION_FAILED -4

/**
 * The server wants the user to sign in on a web page: `signInUrl` in the error's JSON.
 */
#define UCWA_SIGN_IN_ELSEWHERE -5

/**
 * The server does not allow it to this user.
 */
#define UCWA_FORBIDDEN -6

/**
 * There is no such contact, group, link or resource.
 */
#define UCWA_NOT_FOUND -7

/**
 * The request contradicts the present state, or a name fits several things.
 */
#define UCWA_CONFLICT -8

/**
 * The server asks for fewer requests: `retryAfterMs` in the error's JSON, where the server said when.
 */
#define UCWA_THROTTLED -9

/**
 * The server failed.
 */
#define UCWA_SERVER_ERROR -10

/**
 * The server could not be reached, or the connection was lost.
 */
#define UCWA_NETWORK -11

/**
 * No trusted TLS connection could be made.
 */
#define UCWA_TLS -12

/**
 * The time of the call ran out (`timeout_ms`).
 */
#define UCWA_TIMEOUT -13

/**
 * The answer is not UCWA's.
 */
#define UCWA_PROTOCOL -14

/**
 * The application was cancelled or signed out.
 */
#define UCWA_CANCELLED -15

/**
 * The handle was made by the process that this one was forked from.
 */
#define UCWA_FORKED -16

/**
 * Not in this build.
 */
#define UCWA_UNSUPPORTED -17

/**
 * A defect of the library.
 */
#define UCWA_INTERNAL -18

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library that runs, such as "0.1.0"; UCWA_VERSION is that of the header.
 *
 * @return A text that lives for ever. Never NULL. The last error stays as it is.
 */
UCWA_API const char *ucwa_version(void);

/**
 * The name of a status, such as "UCWA_NOT_FOUND".
 *
 * @param status Any number.
 * @return A text that lives for ever; "UCWA_UNKNOWN" for a number that is no status of this version. Never
 *         NULL. The last error stays as it is.
 */
UCWA_API const char *ucwa_status_name(int32_t status);

/**
 * Makes a configuration in which every key has its default.
 *
 * @return The configuration; free it with ucwa_config_free. NULL only on UCWA_INTERNAL.
 *
 * Threads: any. It does not block.
 */
UCWA_API ucwa_config *ucwa_config_new(void);

/**
 * Sets a configuration key. The value is checked at once and copied.
 *
 * @param config The configuration.
 * @param key One of the keys in the table at the top of this header.
 * @param value UTF-8; NULL puts the key back to its default.
 * @return UCWA_OK. UCWA_INVALID_CONFIG for an unknown key or an unusable value: the message says what is
 *         allowed. UCWA_UNSUPPORTED for what this build does not hold. On a failure the key keeps its value.
 *
 * Threads: one at a time. It reads the file that it is given, and else does not block.
 */
UCWA_API ucwa_status ucwa_config_set(ucwa_config *config, const char *key, const char *value);

/**
 * Reads a configuration key.
 *
 * @param config The configuration.
 * @param key One of the keys in the table at the top of this header.
 * @return An owned text: what was set, else the default, else the empty text; free it with ucwa_string_free.
 *         NULL on a failure: UCWA_FORBIDDEN for a secret, UCWA_INVALID_CONFIG for an unknown key.
 *
 * Threads: any, while none changes the configuration. It does not block.
 */
UCWA_API char *ucwa_config_get(const ucwa_config *config, const char *key);

/**
 * The table of configuration keys that this build knows.
 *
 * @return An owned JSON text,
 *         `[{"key":"...","default":"...","values":"...","secret":false,"description":"..."},...]`, `default`
 *         being null where there is none; free it with ucwa_string_free. NULL only on UCWA_INTERNAL.
 *
 * Threads: any. It does not block.
 */
UCWA_API char *ucwa_config_keys(void);

/**
 * Sets the callback that is asked for a bearer token whenever one is needed.
 *
 * What is signed in with the configuration keeps the callback that was set then, whatever happens to the
 * configuration.
 *
 * @param config The configuration.
 * @param callback The callback; NULL removes the one that is set.
 * @param user_data Handed to the callback; may be NULL. The callback may run on any thread, and on several
 *        at once.
 * @param destroy Called exactly once with `user_data`, on any thread, when neither the configuration nor an
 *        application that was signed in with it needs the callback any more (at once, where `callback` is
 *        NULL); may be NULL.
 * @return UCWA_OK: from then on `user_data` belongs to the library. On a failure it still belongs to the
 *         caller, and `destroy` is not called.
 *
 * Threads: one at a time. It does not block.
 */
UCWA_API
ucwa_status ucwa_config_set_token_callback(ucwa_config *config,
                                           ucwa_token_callback callback,
                                           void *user_data,
                                           void (*destroy)(void *user_data));

/**
 * Frees a configuration. What was signed in with it goes on.
 *
 * @param config The configuration, used by no thread any more; NULL is ignored. The last error stays as it
 *        is.
 *
 * Threads: one, once. It does not block. In a forked child an inherited configuration is let go of without
 * calling `destroy`.
 */
UCWA_API void ucwa_config_free(ucwa_config *config);

/**
 * Finds the user's server, signs in there and creates an application, or attaches to the one that
 * `application_url` names.
 *
 * UCWA: autodiscover, user, applications, application.
 *
 * @param config How to sign in. It is copied: to change or free it later does not change the application.
 * @return The application; free it with ucwa_application_free. NULL on a failure. Worth acting on:
 *         UCWA_AUTHENTICATION_FAILED (ask the user for the password again), UCWA_DISCOVERY_FAILED (the
 *         address, or `discovery_url`), UCWA_TLS (`ca_file`), UCWA_INVALID_CONFIG (what is missing),
 *         UCWA_SIGN_IN_ELSEWHERE, UCWA_NETWORK and UCWA_TIMEOUT (try again later).
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API ucwa_application *ucwa_sign_in(const ucwa_config *config);

/**
 * The application itself.
 *
 * UCWA: application.
 *
 * @param application The application.
 * @return An owned JSON text, `{"href":"...","endpointId":"...","culture":"...","userAgent":"...",...}`:
 *         with `href` as `application_url` and `endpointId` as `endpoint_id` another configuration attaches
 *         to the same application. Free it with ucwa_string_free. NULL on a failure.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_application(ucwa_application *application);

/**
 * Changes a configuration key of a signed-in application, such as a password that was renewed.
 *
 * @param application The application.
 * @param key `password`, `access_token`, `timeout_ms`, `connect_timeout_ms` or `max_retries`.
 * @param value UTF-8; NULL puts the key back to its default.
 * @return UCWA_OK. UCWA_INVALID_CONFIG for any other key or an unusable value: the message says what is
 *         allowed.
 *
 * Threads: any. It does not block; calls under way keep what they began with.
 */
UCWA_API ucwa_status ucwa_application_set(ucwa_application *application, const char *key, const char *value);

/**
 * Ends every use of the application, for good: what waits in other threads returns within 100 ms, and that
 * and every later call fails with UCWA_CANCELLED. The application stays on the server until it expires
 * there.
 *
 * @param application The application.
 * @return UCWA_OK, also where it was cancelled before.
 *
 * Threads: any, at any time before ucwa_application_free. It does not block.
 */
UCWA_API ucwa_status ucwa_application_cancel(ucwa_application *application);

/**
 * Deletes the application on the server. Afterwards every call fails with UCWA_CANCELLED; the handle is
 * still to be freed.
 *
 * UCWA: application (DELETE).
 *
 * @param application The application.
 * @return UCWA_OK, also where the server has forgotten the application already.
 *
 * Threads: any. It blocks up to `timeout_ms`; what waits in other threads is cancelled.
 */
UCWA_API ucwa_status ucwa_sign_out(ucwa_application *application);

/**
 * Frees an application. It does not sign out: the application stays on the server until it expires there,
 * and can be attached to again.
 *
 * @param application The application, used by no thread any more (ucwa_application_cancel makes them
 *        return); NULL is ignored. The last error stays as it is.
 *
 * Threads: one, once, and not from a callback of this application. It returns within 100 ms, but that it waits
 * for an event callback that runs, and for a token callback that runs on a thread of the library. After it no
 * thread of the library runs for this application, but one that may wait for the system's name resolution.
 * In a forked child an inherited application is let go of, and goes on in the parent. If the program has closed the
 * library's descriptors before (closefrom), it returns as soon, and closes none of the program's; calls that wait then
 * fail with UCWA_CANCELLED. A thread that waited for events may go on for some minutes, and uses nothing of the program.
 */
UCWA_API
void ucwa_application_free(ucwa_application *application);

/**
 * The presence of one contact, who need not be in the contact list.
 *
 * UCWA: contactPresence.
 *
 * @param application The application.
 * @param contact A SIP URI, such as "sip:SaraD@contoso.com".
 * @return An owned JSON text, `{"uri":"sip:SaraD@contoso.com","name":"Sara
 *         Davis","availability":"Offline","deviceType":"Unknown",
 *         "lastActive":"2013-01-22T03:58:16.000Z","lastActiveUnixMs":1358827096000,"href":"..."}`, and
 *         `activity` where the server gives one; what it does not give is absent. Free it with
 *         ucwa_string_free. NULL on a failure: UCWA_NOT_FOUND where there is no such contact,
 *         UCWA_INVALID_ARGUMENT where the text is no SIP URI.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_contact_presence(ucwa_application *application, const char *contact);

/**
 * The presence of many contacts at once, in batches: a few round trips where one by one would take as many as
 * there are contacts.
 *
 * UCWA: batch, contactPresence; and contactNote, contactLocation, contact where they are included.
 *
 * @param application The application.
 * @param contacts_json A JSON array of contacts, `["sip:SaraD@contoso.com",...]`, or an object that says what to
 *        read with them: `{"contacts":[...],"include":["note","location","contact"]}`. At most 16 MiB.
 * @return An owned JSON text, `{"presences":[...]}`: element *i* answers contact *i*, as from
 *         ucwa_get_contact_presence, with what was included as a member of its name. A contact that failed is
 *         `{"uri":"...","error":{...}}` in its place: one that is unknown, whose text is no SIP URI, or for
 *         which `timeout_ms` left no time. Free it with ucwa_string_free. NULL only if the call as a whole
 *         could not be done: UCWA_INVALID_ARGUMENT names the element that is no string;
 *         UCWA_AUTHENTICATION_FAILED, UCWA_SIGN_IN_ELSEWHERE, UCWA_CANCELLED, UCWA_FORKED; or, as
 *         UCWA_NETWORK or UCWA_TLS, no request got an answer.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_contacts_presence(ucwa_application *application, const char *contacts_json);

/**
 * The presence of every member of a group. Where the group was read before, one batch tells both who its
 * members are now and their presence.
 *
 * UCWA: groupContacts (expandDistributionGroup), batch, contactPresence.
 *
 * @param application The application.
 * @param group A group's id, rel or name.
 * @return An owned JSON text, as from ucwa_get_contacts_presence, in the group's order; free it with
 *         ucwa_string_free. A member that cannot be read is `{"uri":"...","error":{...}}` in its place, with
 *         `href` instead of `uri` where only its address is known. NULL if the call as a whole could not be
 *         done, as there; or the group's list cannot be read: UCWA_NOT_FOUND where there is no such group,
 *         UCWA_CONFLICT where the name fits several (their `ids` are in the error's JSON).
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_group_presence(ucwa_application *application, const char *group);

/**
 * The user's groups.
 *
 * UCWA: myGroups.
 *
 * @param application The application.
 * @return An owned JSON text, `{"groups":[{"rel":"pinnedGroup","id":"...","name":"...","href":"..."},...]}`;
 *         free it with ucwa_string_free. A group that cannot be read is
 *         `{"rel":"...","href":"...","error":{...}}` in its place. NULL on a failure.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_groups(ucwa_application *application);

/**
 * The contacts of one group.
 *
 * UCWA: groupContacts.
 *
 * @param application The application.
 * @param group A group's id, rel or name.
 * @return An owned JSON text,
 *         `{"contacts":[{"uri":"...","name":"...","type":"...","sourceNetwork":"...","href":"..."},...]}`;
 *         free it with ucwa_string_free. A contact that cannot be read is `{"uri":"...","error":{...}}` in its
 *         place, with `href` instead of `uri` where only its address is known; servers whose lists merely link
 *         to contacts name accounts that are gone. NULL on a failure: UCWA_NOT_FOUND where there is no such group,
 *         UCWA_CONFLICT where the name fits several (their `ids` are in the error's JSON).
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_group_contacts(ucwa_application *application, const char *group);

/**
 * Every contact of the user, whatever the group.
 *
 * UCWA: myContacts.
 *
 * @param application The application.
 * @return An owned JSON text, as from ucwa_get_group_contacts; free it with ucwa_string_free. NULL on a
 *         failure.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_contacts(ucwa_application *application);

/**
 * One contact, who need not be in the contact list.
 *
 * UCWA: contact.
 *
 * @param application The application.
 * @param contact A SIP URI, such as "sip:SaraD@contoso.com".
 * @return An owned JSON text,
 *         `{"uri":"...","name":"...","type":"...","sourceNetwork":"...",...,"href":"..."}`; free it with
 *         ucwa_string_free. NULL on a failure: UCWA_NOT_FOUND where there is no such contact,
 *         UCWA_INVALID_ARGUMENT where the text is no SIP URI.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_contact(ucwa_application *application, const char *contact);

/**
 * Searches for people, in the contact list and in the organization.
 *
 * UCWA: search.
 *
 * @param application The application.
 * @param query Part of a name, an address or a phone number; at most 256 characters.
 * @param limit How many to find at most: up to 100; 0 for the server's default.
 * @return An owned JSON text, `{"contacts":[...],"distributionGroups":[...],"moreResultsAvailable":false}`;
 *         free it with ucwa_string_free. To find nobody is no failure. NULL on a failure:
 *         UCWA_INVALID_ARGUMENT where the query or the limit is out of range.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_search_contacts(ucwa_application *application, const char *query, uint32_t limit);

/**
 * The note that a contact shows.
 *
 * UCWA: contactNote.
 *
 * @param application The application.
 * @param contact A SIP URI, such as "sip:SaraD@contoso.com".
 * @return An owned JSON text,
 *         `{"uri":"...","message":"...","type":"Personal","href":"..."}`.
 *         Free it with ucwa_string_free. NULL on a failure: UCWA_NOT_FOUND where there is no such contact.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_contact_note(ucwa_application *application, const char *contact);

/**
 * Where a contact is.
 *
 * UCWA: contactLocation.
 *
 * @param application The application.
 * @param contact A SIP URI, such as "sip:SaraD@contoso.com".
 * @return An owned JSON text,
 *         `{"uri":"...","location":"...","href":"..."}`; without `location` where the contact shows none.
 *         Free it with ucwa_string_free. NULL on a failure: UCWA_NOT_FOUND where there is no such contact.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_contact_location(ucwa_application *application, const char *contact);

/**
 * The ways in which a contact can be reached.
 *
 * UCWA: contactSupportedModalities.
 *
 * @param application The application.
 * @param contact A SIP URI, such as "sip:SaraD@contoso.com".
 * @return An owned JSON text,
 *         `{"uri":"...","modalities":["Audio","Messaging",...],"href":"..."}`.
 *         Free it with ucwa_string_free. NULL on a failure: UCWA_NOT_FOUND where there is no such contact.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_contact_supported_modalities(ucwa_application *application, const char *contact);

/**
 * How much of the user a contact may see.
 *
 * UCWA: contactPrivacyRelationship.
 *
 * @param application The application.
 * @param contact A SIP URI, such as "sip:SaraD@contoso.com".
 * @return An owned JSON text,
 *         `{"uri":"...","relationshipLevel":"Colleagues","href":"..."}`.
 *         Free it with ucwa_string_free. NULL on a failure: UCWA_NOT_FOUND where there is no such contact.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_contact_privacy_relationship(ucwa_application *application, const char *contact);

/**
 * Sets how much of the user a contact may see.
 *
 * UCWA: contactPrivacyRelationship (version 2, with its etag; read anew and tried once more where it was changed
 * meanwhile).
 *
 * @param application The application.
 * @param contact A SIP URI, such as "sip:SaraD@contoso.com".
 * @param level `Colleagues`, `Workgroup`, `FriendsAndFamily`, `External` or `Blocked`.
 * @return UCWA_OK. UCWA_NOT_FOUND where there is no such contact, UCWA_FORBIDDEN where the server does not allow it,
 *         UCWA_INVALID_ARGUMENT where it does not know the level.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API
ucwa_status ucwa_set_contact_privacy_relationship(ucwa_application *application,
                                                  const char *contact,
                                                  const char *level);

/**
 * Leaves it to the server again how much of the user a contact may see.
 *
 * UCWA: resetContactPrivacyRelationship.
 *
 * @param application The application.
 * @param contact A SIP URI, such as "sip:SaraD@contoso.com".
 * @return UCWA_OK. UCWA_NOT_FOUND where there is no such contact.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API ucwa_status ucwa_reset_contact_privacy_relationship(ucwa_application *application, const char *contact);

/**
 * The photo of a contact. One that did not change since it was read is not sent again.
 *
 * UCWA: contactPhoto.
 *
 * @param application The application.
 * @param contact A SIP URI, such as "sip:SaraD@contoso.com".
 * @param size The size wanted, such as "HR96X96"; NULL for the server's choice.
 * @param data Receives the picture, `*data_size` bytes, which is the caller's: free it with ucwa_bytes_free.
 *        NULL on a failure.
 * @param data_size Receives the picture's size in bytes; 0 on a failure.
 * @param media_type Receives an owned text such as "image/jpeg", freed with ucwa_string_free; NULL where it is
 *        not wanted.
 * @return UCWA_OK. UCWA_NOT_FOUND where there is no such contact or no photo, UCWA_FORBIDDEN where the server
 *         hides it, UCWA_TIMEOUT where the photo's store is slow: try again later.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API
ucwa_status ucwa_get_contact_photo(ucwa_application *application,
                                   const char *contact,
                                   const char *size,
                                   unsigned char **data,
                                   size_t *data_size,
                                   char **media_type);

/**
 * Puts a contact into a group of the user's.
 *
 * UCWA: myGroupMemberships (version 2).
 *
 * @param application The application.
 * @param contact A SIP URI, such as "sip:SaraD@contoso.com".
 * @param group A group's id, rel or name; NULL for the server's choice, "Other Contacts".
 * @return An owned JSON text, `{"uri":"...","href":"..."}`: the membership that was made; free it with
 *         ucwa_string_free. NULL on a failure: UCWA_CONFLICT where the contact is in the group already or the
 *         contact list is full, UCWA_FORBIDDEN where the group is not the user's to change.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_add_contact(ucwa_application *application, const char *contact, const char *group);

/**
 * Takes a contact out of a group, or out of the contact list.
 *
 * UCWA: myGroupMembership, removeContactFromAllGroups (version 2).
 *
 * @param application The application.
 * @param contact A SIP URI, such as "sip:SaraD@contoso.com".
 * @param group A group's id, rel or name; NULL for all groups.
 * @return UCWA_OK. UCWA_NOT_FOUND where the contact is not there.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API ucwa_status ucwa_remove_contact(ucwa_application *application, const char *contact, const char *group);

/**
 * Makes a group.
 *
 * UCWA: myGroups (version 2).
 *
 * @param application The application.
 * @param name Its name; at most 256 characters.
 * @return An owned JSON text, the group as from ucwa_get_groups: `{"rel":"group","id":"...","name":"...","href":
 *         "..."}`; free it with ucwa_string_free. NULL on a failure: UCWA_CONFLICT where there is such a group or
 *         there are too many.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_add_group(ucwa_application *application, const char *name);

/**
 * Renames a group that the user made.
 *
 * UCWA: group (version 2, with its etag; read anew and tried once more where it was changed meanwhile).
 *
 * @param application The application.
 * @param group A group's id or name.
 * @param name The new name; at most 256 characters.
 * @return UCWA_OK. UCWA_NOT_FOUND where there is no such group, UCWA_FORBIDDEN where it is the server's own.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API ucwa_status ucwa_rename_group(ucwa_application *application, const char *group, const char *name);

/**
 * Removes a group that the user made.
 *
 * UCWA: group (version 2).
 *
 * @param application The application.
 * @param group A group's id or name.
 * @return UCWA_OK. UCWA_NOT_FOUND where there is no such group, UCWA_FORBIDDEN where it is the server's own.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API ucwa_status ucwa_remove_group(ucwa_application *application, const char *group);

/**
 * Subscribes to the presence of contacts, who need not be in the contact list. The present state of each comes as an
 * event, then every change, for as long as the application lives: through lost connections, expired tokens and
 * restarted servers.
 *
 * UCWA: presenceSubscriptions, presenceSubscription, addToPresenceSubscription.
 *
 * @param application The application.
 * @param contacts_json A JSON array of contacts, `["sip:SaraD@contoso.com",...]`, or an object that says what else to
 *        tell of them: `{"contacts":[...],"include":["note","location","contact"]}`. At most 16 MiB.
 * @return An owned JSON text, `{"id":"...","contacts":["sip:...",...]}`; the id is good until
 *         ucwa_unsubscribe_presence, whatever becomes of the server's own subscriptions. Free it with
 *         ucwa_string_free. A text that is no SIP URI, and a contact that the server refuses or lets
 *         nobody read any more, come as an event `subscription` with the state `refused`; one that is found
 *         nowhere after 15 seconds, in which the server may still tell of it. NULL on a failure, and nothing
 *         is subscribed to then.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_subscribe_presence(ucwa_application *application, const char *contacts_json);

/**
 * Subscribes to the presence of a group's members. Who joins is told of from then on, who leaves no more.
 *
 * UCWA: subscribeToGroupPresence, or presenceSubscriptions where the server does not offer that;
 * myContactsAndGroupsSubscription.
 *
 * @param application The application.
 * @param group A group: id, rel or name. It is followed by its id, should it be renamed.
 * @return As from ucwa_subscribe_presence, `contacts` being the members now. NULL on a failure: UCWA_NOT_FOUND,
 *         UCWA_CONFLICT where the name fits several groups.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_subscribe_group_presence(ucwa_application *application, const char *group);

/**
 * Subscribes to changes of the contact list itself: contacts and groups that come and go, as the events
 * `contactAdded`, `contactRemoved`, `groupAdded`, `groupUpdated` and `groupRemoved`. What is there now is read with
 * ucwa_get_contacts and ucwa_get_groups.
 *
 * UCWA: myContactsAndGroupsSubscription.
 *
 * @param application The application.
 * @return An owned JSON text, `{"id":"...","contacts":["sip:...",...]}`, `contacts` being the contact list now; free it
 *         with ucwa_string_free. NULL on a failure.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_subscribe_contacts_and_groups(ucwa_application *application);

/**
 * Adds contacts to a subscription of ucwa_subscribe_presence, and removes others. Of those that are added the present
 * state comes as an event.
 *
 * UCWA: addToPresenceSubscription, presenceSubscriptionMembership.
 *
 * @param application The application.
 * @param id The subscription's id.
 * @param change_json `{"add":["sip:...",...],"remove":["sip:...",...]}`, either of which may be absent. At most 16 MiB.
 * @return As from ucwa_subscribe_presence, with all contacts that it is about now. NULL on a failure: UCWA_NOT_FOUND
 *         where there is no such subscription, UCWA_CONFLICT where it follows a group or the contact list,
 *         UCWA_INVALID_ARGUMENT for what is no contact, and nothing is changed then.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_change_subscription(ucwa_application *application, const char *id, const char *change_json);

/**
 * Ends a subscription of any kind. Events of it that wait already are still handed out.
 *
 * UCWA: presenceSubscription (DELETE), stopSubscriptionToContactsAndGroups.
 *
 * @param application The application.
 * @param id The subscription's id.
 * @return UCWA_OK. UCWA_NOT_FOUND where there is no such subscription.
 *
 * Threads: any. It does not block: the server is told by a thread of the library.
 */
UCWA_API ucwa_status ucwa_unsubscribe_presence(ucwa_application *application, const char *id);

/**
 * Waits for the next event. Of events that nobody takes a few thousand wait; then those are dropped that later ones
 * make void, and an event `lagged` says how many. The latest state of each contact stays for each subscription.
 *
 * UCWA: events.
 *
 * @param application The application.
 * @param timeout_ms How long to wait, in milliseconds; 0 to look only, negative to wait for ever.
 * @return An owned JSON text; free it with ucwa_string_free. `event` tells its kind:
 *         `{"event":"presence","uri":"sip:...","presence":{...},"subscriptions":["id",...]}`, and the same for `note`,
 *         `location` and `contact`;
 *         `{"event":"contactAdded","uri":"sip:...","contact":{...},"group":{...},"subscriptions":[...]}`, and the same for
 *         `contactRemoved`, `group` being absent where it came to or left the contact list as a whole;
 *         `{"event":"groupAdded","group":{...},"subscriptions":[...]}`, and the same for `groupUpdated` and `groupRemoved`;
 *         `{"event":"subscription","id":"...","uri":"sip:...","state":"refused","error":{...}}`;
 *         `{"event":"connection","state":"interrupted","error":{...}}`, and `restored`, after which what has changed
 *         meanwhile is told, or `stopped`, after which nothing comes until something is subscribed to again;
 *         `{"event":"lagged","dropped":12}`;
 *         `{"event":"resource","type":"updated","rel":"...","href":"...","resource":{...}}` for everything else that the
 *         server tells, `resource` where it sent it along. Ignore kinds that you do not know.
 *         NULL where none came (UCWA_TIMEOUT), or on a failure: UCWA_CANCELLED, UCWA_CONFLICT where a callback is set.
 *
 * Threads: any, and several at once: each event goes to one of them. It blocks up to `timeout_ms` of this call;
 * ucwa_application_cancel wakes it.
 */
UCWA_API
char *ucwa_next_event(ucwa_application *application,
                      int32_t timeout_ms);

/**
 * Sets the callback that takes events as they come, those that wait already first.
 *
 * @param application The application.
 * @param callback The callback; NULL removes the one that is set, and events wait for ucwa_next_event again.
 * @param user_data Handed to the callback; may be NULL.
 * @param destroy Called exactly once with `user_data`, on any thread, when the callback is needed no more (at once,
 *        where `callback` is NULL); may be NULL.
 * @return UCWA_OK: the former callback runs no more (but where this is called from within it), and `user_data` belongs
 *         to the library. On a failure it still belongs to the caller, and `destroy` is not called. UCWA_CONFLICT
 *         where a thread waits in ucwa_next_event, or ucwa_event_descriptor was called: events are pulled or pushed.
 *         UCWA_CANCELLED once the application is cancelled: no callback is set any more, and the former one, which
 *         this removes all the same, runs no more.
 *
 * Threads: any. It waits for the one call of the former callback that runs just then, cancelled or not, and for no
 * further one.
 */
UCWA_API
ucwa_status ucwa_set_event_callback(ucwa_application *application,
                                    ucwa_event_callback callback,
                                    void *user_data,
                                    void (*destroy)(void *user_data));

/**
 * What a poll or select loop watches: it is readable while events wait, and when the application is cancelled. Then
 * take all of them with ucwa_next_event and a timeout of 0. Nothing has to be read from it: what is read away comes
 * again with the next event that comes or is taken while others wait. It is not to be closed: it goes with the
 * application.
 *
 * @param application The application.
 * @return A file descriptor; on Windows the HANDLE of an event, for WaitForMultipleObjects. The same at every call.
 *         -1 on a failure: UCWA_CONFLICT where a callback is set.
 *
 * Threads: any. It does not block.
 */
UCWA_API ptrdiff_t ucwa_event_descriptor(ucwa_application *application);

/**
 * How an application fares, for a status page or a watchdog.
 *
 * @param application The application.
 * @return An owned JSON text: `connection` of the event channel (`none` before it is needed, `connected`,
 *         `interrupted`, `stopped`), `tokenExpires` and `lastEvent` (when the event channel answered last) as dates,
 *         `subscriptions` and the `contacts` that they are about, `serverSubscriptions` and the `subscribedContacts` in
 *         them, `waitingEvents`, `applications` created so far, `requests`, `retries` and `throttled` (answers 429) since
 *         signing in. Free it with ucwa_string_free. NULL on a failure.
 *
 * Threads: any. It does not block, and asks nothing of the server.
 */
UCWA_API
char *ucwa_get_health(ucwa_application *application);

/**
 * The user's own data.
 *
 * UCWA: me.
 *
 * @param application The application.
 * @return An owned JSON text, `{"uri":"...","name":"...","title":"...","department":"...",...,"href":"..."}`; free
 *         it with ucwa_string_free. NULL on a failure.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_me(ucwa_application *application);

/**
 * Shows the user online. To sign in does not: an application sees others without being seen, until it asks
 * for this. A user's own presence, note and location can be read and set only afterwards. The library does it
 * again where the server lost the application.
 *
 * UCWA: makeMeAvailable.
 *
 * @param application The application.
 * @param options_json A JSON object with makeMeAvailable's own members (`signInAs`, `supportedModalities`,
 *        `supportedMessageFormats`, `phoneNumber`, `audioPreference`, `inactiveTimeout`,
 *        `voipFallbackToPhoneAudioTimeOut`), and `keepActive`: whether the library reports activity every four
 *        minutes by itself, on a thread of its own, until the application is freed or signed out (default
 *        false: the server sees the user go idle, and ends the application, unless ucwa_report_my_activity is
 *        called). NULL for the defaults.
 * @return UCWA_OK, also where the user is available already. UCWA_INVALID_ARGUMENT where the options are none.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API ucwa_status ucwa_make_me_available(ucwa_application *application, const char *options_json);

/**
 * Tells the server that the user is active. Needed every four minutes or so where the user is available and
 * `keepActive` was not asked for.
 *
 * UCWA: reportMyActivity.
 *
 * @param application The application.
 * @return UCWA_OK. UCWA_CONFLICT where ucwa_make_me_available is needed first.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API ucwa_status ucwa_report_my_activity(ucwa_application *application);

/**
 * The user's own presence.
 *
 * UCWA: presence of me.
 *
 * @param application The application.
 * @return An owned JSON text, `{"availability":"Online","activity":"...","href":"..."}`; free it with
 *         ucwa_string_free. NULL on a failure: UCWA_CONFLICT where ucwa_make_me_available is needed first.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_my_presence(ucwa_application *application);

/**
 * Sets the user's own presence.
 *
 * UCWA: presence of me.
 *
 * @param application The application.
 * @param availability `Online`, `Busy`, `DoNotDisturb`, `BeRightBack`, `Away` or `Offwork`.
 * @return UCWA_OK. UCWA_CONFLICT where ucwa_make_me_available is needed first, UCWA_INVALID_ARGUMENT where the server does not know the value.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API
ucwa_status ucwa_set_my_presence(ucwa_application *application,
                                 const char *availability);

/**
 * Leaves the user's own presence to the server again.
 *
 * UCWA: presence of me.
 *
 * @param application The application.
 * @return UCWA_OK. UCWA_CONFLICT where ucwa_make_me_available is needed first.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API ucwa_status ucwa_reset_my_presence(ucwa_application *application);

/**
 * The user's own note.
 *
 * UCWA: note of me.
 *
 * @param application The application.
 * @return An owned JSON text, `{"message":"...","type":"Personal","href":"..."}`; free it with
 *         ucwa_string_free. NULL on a failure: UCWA_CONFLICT where ucwa_make_me_available is needed first.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_my_note(ucwa_application *application);

/**
 * Sets the user's own note.
 *
 * UCWA: note of me.
 *
 * @param application The application.
 * @param message The text.
 * @return UCWA_OK. UCWA_CONFLICT where ucwa_make_me_available is needed first.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API ucwa_status ucwa_set_my_note(ucwa_application *application, const char *message);

/**
 * Removes the user's own note.
 *
 * UCWA: note of me.
 *
 * @param application The application.
 * @return UCWA_OK. UCWA_CONFLICT where ucwa_make_me_available is needed first.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API ucwa_status ucwa_reset_my_note(ucwa_application *application);

/**
 * Where the user is.
 *
 * UCWA: location of me.
 *
 * @param application The application.
 * @return An owned JSON text, `{"location":"...","href":"..."}`; free it with
 *         ucwa_string_free. NULL on a failure: UCWA_CONFLICT where ucwa_make_me_available is needed first.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_my_location(ucwa_application *application);

/**
 * Sets where the user is.
 *
 * UCWA: location of me.
 *
 * @param application The application.
 * @param location The text; at most 60 characters.
 * @return UCWA_OK. UCWA_CONFLICT where ucwa_make_me_available is needed first.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API ucwa_status ucwa_set_my_location(ucwa_application *application, const char *location);

/**
 * Removes where the user is.
 *
 * UCWA: location of me.
 *
 * @param application The application.
 * @return UCWA_OK. UCWA_CONFLICT where ucwa_make_me_available is needed first.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API ucwa_status ucwa_reset_my_location(ucwa_application *application);

/**
 * The user's own phones.
 *
 * UCWA: phones of me.
 *
 * @param application The application.
 * @return An owned JSON text, `{"phones":[{"number":"tel:...","type":"work",...,"href":"..."},...],"href":"..."}`;
 *         free it with ucwa_string_free. NULL on a failure.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_get_my_phones(ucwa_application *application);

/**
 * The user's own photo. One that did not change since it was read is not sent again.
 *
 * UCWA: photo of me.
 *
 * @param application The application.
 * @param size The size wanted, such as "HR96X96"; NULL for the server's choice.
 * @param data Receives the picture, `*data_size` bytes, which is the caller's: free it with ucwa_bytes_free.
 *        NULL on a failure.
 * @param data_size Receives the picture's size in bytes; 0 on a failure.
 * @param media_type Receives an owned text such as "image/jpeg", freed with ucwa_string_free; NULL where it is
 *        not wanted.
 * @return UCWA_OK. UCWA_NOT_FOUND where there is no photo.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API
ucwa_status ucwa_get_my_photo(ucwa_application *application,
                              const char *size,
                              unsigned char **data,
                              size_t *data_size,
                              char **media_type);

/**
 * Follows a path of link relations from the application, and reads what is at its end.
 *
 * UCWA: any resource.
 *
 * @param application The application.
 * @param path A path as described at the top of this header, such as "people/search?query=sara&limit=5";
 *        empty for the application.
 * @return An owned JSON text: the server's resource exactly as it stands, `_links` and dates included; free
 *         it with ucwa_string_free. NULL on a failure: UCWA_NOT_FOUND names the segment that is missing and
 *         what there is, UCWA_CONFLICT what a segment fits, UCWA_INVALID_ARGUMENT what is wrong with the
 *         path.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_navigate(ucwa_application *application, const char *path);

/**
 * Sends any request to a resource of the application: for what this library has no function for.
 *
 * UCWA: any resource.
 *
 * @param application The application.
 * @param method `GET`, `POST`, `PUT`, `DELETE`, `PATCH`, `HEAD` or `OPTIONS`. A PUT of a JSON object reads the
 *        resource first, and sends back its etag and the property that asks to be passed back, as UCWA wants it;
 *        where it was changed meanwhile, that is done once more.
 * @param href An absolute address or one that starts with "/", as it stands in `_links`, on the application's own
 *        host, which alone is spoken to; else a path as for ucwa_navigate, whose last resource is not read but
 *        asked.
 * @param body_json The body, any JSON; NULL for none.
 * @return An owned JSON text, `{"status":201,"etag":"...","location":"...","contentType":"...","body":{...}}`;
 *         `body` is null where there is none, a string where it is text, `{"base64":"..."}` where it is neither;
 *         what the server did not say is absent. Free it with ucwa_string_free. NULL on a failure: every status
 *         of 300 or more is one, UCWA_INVALID_ARGUMENT where the href leads to another host.
 *
 * Threads: any. It blocks up to `timeout_ms`.
 */
UCWA_API char *ucwa_request(ucwa_application *application, const char *method, const char *href, const char *body_json);

/**
 * Copies a text, for what a callback hands back.
 *
 * @param text UTF-8; may be empty.
 * @return The copy; NULL where `text` is NULL or no UTF-8 (UCWA_INVALID_ARGUMENT). Whoever it is handed to
 *         frees it with ucwa_string_free: the library, for what a token callback returns.
 *
 * Threads: any. It does not block.
 */
UCWA_API char *ucwa_string_new(const char *text);

/**
 * Frees a text that this library returned. Never use free().
 *
 * @param text A `char *` that the library returned; NULL is ignored. The last error stays as it is.
 *
 * Threads: any. It does not block.
 */
UCWA_API void ucwa_string_free(char *text);

/**
 * Frees bytes that this library returned. Never use free().
 *
 * @param data Bytes that the library returned; NULL is ignored. The last error stays as it is.
 * @param size Their number, as the library told it.
 *
 * Threads: any. It does not block.
 */
UCWA_API void ucwa_bytes_free(unsigned char *data, size_t size);

/**
 * Parses a JSON text.
 *
 * Every text that the library returns can be read.
 *
 * @param text UTF-8, of any length, nested at most 127 deep.
 * @return The parsed text; free it with ucwa_json_free. NULL where it is no JSON: UCWA_INVALID_ARGUMENT,
 *         with line and column.
 *
 * Threads: any. It does not block.
 */
UCWA_API ucwa_json *ucwa_json_parse(const char *text);

/**
 * Reads a string.
 *
 * @param json The parsed text.
 * @param pointer Where it stands.
 * @return A borrowed UTF-8 text that is good until ucwa_json_free; a U+0000 in it is replaced by U+FFFD.
 *         NULL where it is no string: UCWA_INVALID_ARGUMENT for numbers, true, false, null, arrays and
 *         objects, UCWA_NOT_FOUND where there is nothing.
 *
 * Threads: any. It does not block.
 */
UCWA_API const char *ucwa_json_text(const ucwa_json *json, const char *pointer);

/**
 * Reads an integer.
 *
 * @param json The parsed text.
 * @param pointer Where it stands.
 * @param value Receives it; 0 on a failure.
 * @return UCWA_OK. UCWA_INVALID_ARGUMENT where it is no integer of 64 bits (1.0 and 1e3 are none),
 *         UCWA_NOT_FOUND where there is nothing.
 *
 * Threads: any. It does not block.
 */
UCWA_API ucwa_status ucwa_json_integer(const ucwa_json *json, const char *pointer, int64_t *value);

/**
 * Reads true or false.
 *
 * @param json The parsed text.
 * @param pointer Where it stands.
 * @param value Receives 1 for true and 0 for false; 0 on a failure.
 * @return UCWA_OK. UCWA_INVALID_ARGUMENT where it is neither, UCWA_NOT_FOUND where there is nothing.
 *
 * Threads: any. It does not block.
 */
UCWA_API ucwa_status ucwa_json_boolean(const ucwa_json *json, const char *pointer, int32_t *value);

/**
 * Counts the members of an object or the elements of an array.
 *
 * @param json The parsed text.
 * @param pointer Where it stands.
 * @return Their number. 0 for anything else, too: the last error is then UCWA_INVALID_ARGUMENT, or
 *         UCWA_NOT_FOUND where there is nothing.
 *
 * Threads: any. It does not block.
 */
UCWA_API size_t ucwa_json_size(const ucwa_json *json, const char *pointer);

/**
 * Frees a parsed JSON text, and with it every text that was borrowed from it.
 *
 * @param json The parsed text, used by no thread any more; NULL is ignored. The last error stays as it is.
 *
 * Threads: one, once. It does not block.
 */
UCWA_API void ucwa_json_free(ucwa_json *json);

/**
 * The status of this thread's last call.
 *
 * @return UCWA_OK where it succeeded, or where there was none. The last error stays as it is.
 */
UCWA_API ucwa_status ucwa_last_error_status(void);

/**
 * What failed in this thread's last call, for people: the request, what the server said, what to do.
 *
 * @return A borrowed text that is good until this thread's next call of a function that sets the last error.
 *         Never NULL; empty where the call succeeded. It never holds a password or a token. The last error
 *         stays as it is.
 */
UCWA_API const char *ucwa_last_error_message(void);

/**
 * Everything known of the failure of this thread's last call.
 *
 * Members beside `status` and `message` are present where they are known:
 * `{"status":"UCWA_NOT_FOUND","message":"...","httpStatus":404,"code":"NotFound","subcode":"ResourceNotFound",
 * "request":"GET https://host/...","serverFqdn":"...","time":"...","retryAfterMs":0,"diagnostics":"...",
 * "parameters":{...},"link":"...","debugInfo":{...},"signInUrl":"...","ids":["..."]}`.
 *
 * @return An owned JSON text; free it with ucwa_string_free. `{"status":"UCWA_OK","message":""}` where the
 *         call succeeded; NULL only where memory is out. It never holds a password or a token. The last
 *         error stays as it is.
 */
UCWA_API char *ucwa_last_error_json(void);

/**
 * Sets the callback that takes the library's log, for the whole process. Without one the library tells
 * nothing.
 *
 * @param max_level The most detailed level wanted, UCWA_LOG_ERROR to UCWA_LOG_TRACE; 0 for none.
 * @param callback The callback; NULL removes the one that is set.
 * @param user_data Handed to the callback; may be NULL. It belongs to the caller.
 * @return UCWA_OK: the former callback runs no more. UCWA_INVALID_ARGUMENT for any other level.
 *         UCWA_CONFLICT where the library is part of a Rust program with a logger of its own, or when called
 *         from within the callback.
 *
 * Threads: any. It waits for a callback that runs.
 */
UCWA_API ucwa_status ucwa_set_log_callback(int32_t max_level, ucwa_log_callback callback, void *user_data);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* UCWA_H */
