//! The presence of people.

use super::application::{client, ucwa_application};
use super::guard::guard_network;
use super::text;
use std::ffi::c_char;

/// The presence of one contact, who need not be in the contact list.
///
/// UCWA: contactPresence.
///
/// @param application The application.
/// @param contact A SIP URI, such as "sip:SaraD@contoso.com".
/// @return An owned JSON text, `{"uri":"sip:SaraD@contoso.com","name":"Sara
///         Davis","availability":"Offline","deviceType":"Unknown",
///         "lastActive":"2013-01-22T03:58:16.000Z","lastActiveUnixMs":1358827096000,"href":"..."}`, and
///         `activity` where the server gives one; what it does not give is absent. Free it with
///         ucwa_string_free. NULL on a failure: UCWA_NOT_FOUND where there is no such contact,
///         UCWA_INVALID_ARGUMENT where the text is no SIP URI.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_contact_presence(application: *mut ucwa_application, contact: *const c_char) -> *mut c_char {
    // SAFETY: the handle is live; the text is NULL or ends with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_contact_presence(text::required(contact, "contact")?)?)
    })
}

/// The presence of many contacts at once, in batches: a few round trips where one by one would take as many as
/// there are contacts.
///
/// UCWA: batch, contactPresence; and contactNote, contactLocation, contact where they are included.
///
/// @param application The application.
/// @param contacts_json A JSON array of contacts, `["sip:SaraD@contoso.com",...]`, or an object that says what to
///        read with them: `{"contacts":[...],"include":["note","location","contact"]}`. At most 16 MiB.
/// @return An owned JSON text, `{"presences":[...]}`: element *i* answers contact *i*, as from
///         ucwa_get_contact_presence, with what was included as a member of its name. A contact that failed is
///         `{"uri":"...","error":{...}}` in its place: one that is unknown, whose text is no SIP URI, or for
///         which `timeout_ms` left no time. Free it with ucwa_string_free. NULL only if the call as a whole
///         could not be done: UCWA_INVALID_ARGUMENT names the element that is no string;
///         UCWA_AUTHENTICATION_FAILED, UCWA_SIGN_IN_ELSEWHERE, UCWA_CANCELLED, UCWA_FORKED; or, as
///         UCWA_NETWORK or UCWA_TLS, no request got an answer.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_contacts_presence(application: *mut ucwa_application, contacts_json: *const c_char) -> *mut c_char {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_contacts_presence(text::long(contacts_json, "contacts_json")?)?)
    })
}

/// The presence of every member of a group. Where the group was read before, one batch tells both who its
/// members are now and their presence.
///
/// UCWA: groupContacts (expandDistributionGroup), batch, contactPresence.
///
/// @param application The application.
/// @param group A group's id, rel or name.
/// @return An owned JSON text, as from ucwa_get_contacts_presence, in the group's order; free it with
///         ucwa_string_free. A member that cannot be read is `{"uri":"...","error":{...}}` in its place, with
///         `href` instead of `uri` where only its address is known. NULL if the call as a whole could not be
///         done, as there; or the group's list cannot be read: UCWA_NOT_FOUND where there is no such group,
///         UCWA_CONFLICT where the name fits several (their `ids` are in the error's JSON).
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_group_presence(application: *mut ucwa_application, group: *const c_char) -> *mut c_char {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_group_presence(text::required(group, "group")?)?)
    })
}
