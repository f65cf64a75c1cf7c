//! Live presence: subscriptions, and the events that they bring.

use super::application::{client, opened, ucwa_application};
use super::callback::{UserData, event_callback, ucwa_event_callback};
use super::guard::guard_network;
use super::{UCWA_OK, text, ucwa_status};
use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::time::Duration;

/// Subscribes to the presence of contacts, who need not be in the contact list. The present state of each comes as an
/// event, then every change, for as long as the application lives: through lost connections, expired tokens and
/// restarted servers.
///
/// UCWA: presenceSubscriptions, presenceSubscription, addToPresenceSubscription.
///
/// @param application The application.
/// @param contacts_json A JSON array of contacts, `["sip:SaraD@contoso.com",...]`, or an object that says what else to
///        tell of them: `{"contacts":[...],"include":["note","location","contact"]}`. At most 16 MiB.
/// @return An owned JSON text, `{"id":"...","contacts":["sip:...",...]}`; the id is good until
///         ucwa_unsubscribe_presence, whatever becomes of the server's own subscriptions. Free it with
///         ucwa_string_free. A text that is no SIP URI, and a contact that the server refuses or lets
///         nobody read any more, come as an event `subscription` with the state `refused`; one that is found
///         nowhere after 15 seconds, in which the server may still tell of it. NULL on a failure, and nothing
///         is subscribed to then.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_subscribe_presence(application: *mut ucwa_application, contacts_json: *const c_char) -> *mut c_char {
    // SAFETY: the handle is live; the text is NULL or ends with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.subscribe_presence(text::long(contacts_json, "contacts_json")?)?)
    })
}

/// Subscribes to the presence of a group's members. Who joins is told of from then on, who leaves no more.
///
/// UCWA: subscribeToGroupPresence, or presenceSubscriptions where the server does not offer that;
/// myContactsAndGroupsSubscription.
///
/// @param application The application.
/// @param group A group: id, rel or name. It is followed by its id, should it be renamed.
/// @return As from ucwa_subscribe_presence, `contacts` being the members now. NULL on a failure: UCWA_NOT_FOUND,
///         UCWA_CONFLICT where the name fits several groups.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_subscribe_group_presence(application: *mut ucwa_application, group: *const c_char) -> *mut c_char {
    // SAFETY: the handle is live; the text is NULL or ends with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.subscribe_group_presence(text::required(group, "group")?)?)
    })
}

/// Subscribes to changes of the contact list itself: contacts and groups that come and go, as the events
/// `contactAdded`, `contactRemoved`, `groupAdded`, `groupUpdated` and `groupRemoved`. What is there now is read with
/// ucwa_get_contacts and ucwa_get_groups.
///
/// UCWA: myContactsAndGroupsSubscription.
///
/// @param application The application.
/// @return An owned JSON text, `{"id":"...","contacts":["sip:...",...]}`, `contacts` being the contact list now; free it
///         with ucwa_string_free. NULL on a failure.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_subscribe_contacts_and_groups(application: *mut ucwa_application) -> *mut c_char {
    // SAFETY: the handle is live.
    guard_network(|| unsafe { text::give(client(application)?.subscribe_contacts_and_groups()?) })
}

/// Adds contacts to a subscription of ucwa_subscribe_presence, and removes others. Of those that are added the present
/// state comes as an event.
///
/// UCWA: addToPresenceSubscription, presenceSubscriptionMembership.
///
/// @param application The application.
/// @param id The subscription's id.
/// @param change_json `{"add":["sip:...",...],"remove":["sip:...",...]}`, either of which may be absent. At most 16 MiB.
/// @return As from ucwa_subscribe_presence, with all contacts that it is about now. NULL on a failure: UCWA_NOT_FOUND
///         where there is no such subscription, UCWA_CONFLICT where it follows a group or the contact list,
///         UCWA_INVALID_ARGUMENT for what is no contact, and nothing is changed then.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_change_subscription(
    application: *mut ucwa_application,
    id: *const c_char,
    change_json: *const c_char,
) -> *mut c_char {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.change_subscription(text::required(id, "id")?, text::long(change_json, "change_json")?)?)
    })
}

/// Ends a subscription of any kind. Events of it that wait already are still handed out.
///
/// UCWA: presenceSubscription (DELETE), stopSubscriptionToContactsAndGroups.
///
/// @param application The application.
/// @param id The subscription's id.
/// @return UCWA_OK. UCWA_NOT_FOUND where there is no such subscription.
///
/// Threads: any. It does not block: the server is told by a thread of the library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_unsubscribe_presence(application: *mut ucwa_application, id: *const c_char) -> ucwa_status {
    // SAFETY: the handle is live; the text is NULL or ends with NUL.
    guard_network(|| unsafe {
        client(application)?.unsubscribe_presence(text::required(id, "id")?)?;
        Ok(UCWA_OK)
    })
}

/// Waits for the next event. Of events that nobody takes a few thousand wait; then those are dropped that later ones
/// make void, and an event `lagged` says how many. The latest state of each contact stays for each subscription.
///
/// UCWA: events.
///
/// @param application The application.
/// @param timeout_ms How long to wait, in milliseconds; 0 to look only, negative to wait for ever.
/// @return An owned JSON text; free it with ucwa_string_free. `event` tells its kind:
///         `{"event":"presence","uri":"sip:...","presence":{...},"subscriptions":["id",...]}`, and the same for `note`,
///         `location` and `contact`;
///         `{"event":"contactAdded","uri":"sip:...","contact":{...},"group":{...},"subscriptions":[...]}`, and the same for
///         `contactRemoved`, `group` being absent where it came to or left the contact list as a whole;
///         `{"event":"groupAdded","group":{...},"subscriptions":[...]}`, and the same for `groupUpdated` and `groupRemoved`;
///         `{"event":"subscription","id":"...","uri":"sip:...","state":"refused","error":{...}}`;
///         `{"event":"connection","state":"interrupted","error":{...}}`, and `restored`, after which what has changed
///         meanwhile is told, or `stopped`, after which nothing comes until something is subscribed to again;
///         `{"event":"lagged","dropped":12}`;
///         `{"event":"resource","type":"updated","rel":"...","href":"...","resource":{...}}` for everything else that the
///         server tells, `resource` where it sent it along. Ignore kinds that you do not know.
///         NULL where none came (UCWA_TIMEOUT), or on a failure: UCWA_CANCELLED, UCWA_CONFLICT where a callback is set.
///
/// Threads: any, and several at once: each event goes to one of them. It blocks up to `timeout_ms` of this call;
/// ucwa_application_cancel wakes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_next_event(application: *mut ucwa_application, timeout_ms: i32) -> *mut c_char {
    // SAFETY: the handle is live.
    guard_network(|| unsafe {
        let timeout = u64::try_from(timeout_ms).ok().map(Duration::from_millis);
        text::give(client(application)?.next_event(timeout)?)
    })
}

/// Sets the callback that takes events as they come, those that wait already first.
///
/// @param application The application.
/// @param callback The callback; NULL removes the one that is set, and events wait for ucwa_next_event again.
/// @param user_data Handed to the callback; may be NULL.
/// @param destroy Called exactly once with `user_data`, on any thread, when the callback is needed no more (at once,
///        where `callback` is NULL); may be NULL.
/// @return UCWA_OK: the former callback runs no more (but where this is called from within it), and `user_data` belongs
///         to the library. On a failure it still belongs to the caller, and `destroy` is not called. UCWA_CONFLICT
///         where a thread waits in ucwa_next_event, or ucwa_event_descriptor was called: events are pulled or pushed.
///         UCWA_CANCELLED once the application is cancelled: no callback is set any more, and the former one, which
///         this removes all the same, runs no more.
///
/// Threads: any. It waits for the one call of the former callback that runs just then, cancelled or not, and for no
/// further one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_set_event_callback(
    application: *mut ucwa_application,
    callback: ucwa_event_callback,
    user_data: *mut c_void,
    destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
) -> ucwa_status {
    // SAFETY: the handle is live; callback, data and destructor belong together and suit any thread.
    guard_network(|| unsafe {
        let client = client(application)?;
        let data = Arc::new(UserData::lent(user_data, destroy));
        client.set_event_callback(event_callback(callback, Arc::clone(&data)))?;
        data.take_over();
        Ok(UCWA_OK)
    })
}

/// What a poll or select loop watches: it is readable while events wait, and when the application is cancelled. Then
/// take all of them with ucwa_next_event and a timeout of 0. Nothing has to be read from it: what is read away comes
/// again with the next event that comes or is taken while others wait. It is not to be closed: it goes with the
/// application.
///
/// @param application The application.
/// @return A file descriptor; on Windows the HANDLE of an event, for WaitForMultipleObjects. The same at every call.
///         -1 on a failure: UCWA_CONFLICT where a callback is set.
///
/// Threads: any. It does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_event_descriptor(application: *mut ucwa_application) -> isize {
    // SAFETY: the handle is live.
    guard_network(|| unsafe { opened(application)?.descriptor() })
}

/// How an application fares, for a status page or a watchdog.
///
/// @param application The application.
/// @return An owned JSON text: `connection` of the event channel (`none` before it is needed, `connected`,
///         `interrupted`, `stopped`), `tokenExpires` and `lastEvent` (when the event channel answered last) as dates,
///         `subscriptions` and the `contacts` that they are about, `serverSubscriptions` and the `subscribedContacts` in
///         them, `waitingEvents`, `applications` created so far, `requests`, `retries` and `throttled` (answers 429) since
///         signing in. Free it with ucwa_string_free. NULL on a failure.
///
/// Threads: any. It does not block, and asks nothing of the server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_health(application: *mut ucwa_application) -> *mut c_char {
    // SAFETY: the handle is live.
    guard_network(|| unsafe { text::give(client(application)?.get_health()?) })
}
