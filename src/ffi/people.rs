//! Groups, contacts and the search for people.

use super::application::{client, ucwa_application};
use super::guard::guard_network;
use super::text;
use std::ffi::c_char;

/// The user's groups.
///
/// UCWA: myGroups.
///
/// @param application The application.
/// @return An owned JSON text, `{"groups":[{"rel":"pinnedGroup","id":"...","name":"...","href":"..."},...]}`;
///         free it with ucwa_string_free. A group that cannot be read is
///         `{"rel":"...","href":"...","error":{...}}` in its place. NULL on a failure.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_groups(application: *mut ucwa_application) -> *mut c_char {
    // SAFETY: the handle is live.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_groups()?)
    })
}

/// The contacts of one group.
///
/// UCWA: groupContacts.
///
/// @param application The application.
/// @param group A group's id, rel or name.
/// @return An owned JSON text,
///         `{"contacts":[{"uri":"...","name":"...","type":"...","sourceNetwork":"...","href":"..."},...]}`;
///         free it with ucwa_string_free. A contact that cannot be read is `{"uri":"...","error":{...}}` in its
///         place, with `href` instead of `uri` where only its address is known; servers whose lists merely link
///         to contacts name accounts that are gone. NULL on a failure: UCWA_NOT_FOUND where there is no such group,
///         UCWA_CONFLICT where the name fits several (their `ids` are in the error's JSON).
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_group_contacts(application: *mut ucwa_application, group: *const c_char) -> *mut c_char {
    // SAFETY: the handle is live; the text is NULL or ends with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_group_contacts(text::required(group, "group")?)?)
    })
}

/// Every contact of the user, whatever the group.
///
/// UCWA: myContacts.
///
/// @param application The application.
/// @return An owned JSON text, as from ucwa_get_group_contacts; free it with ucwa_string_free. NULL on a
///         failure.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_contacts(application: *mut ucwa_application) -> *mut c_char {
    // SAFETY: the handle is live.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_contacts()?)
    })
}

/// One contact, who need not be in the contact list.
///
/// UCWA: contact.
///
/// @param application The application.
/// @param contact A SIP URI, such as "sip:SaraD@contoso.com".
/// @return An owned JSON text,
///         `{"uri":"...","name":"...","type":"...","sourceNetwork":"...",...,"href":"..."}`; free it with
///         ucwa_string_free. NULL on a failure: UCWA_NOT_FOUND where there is no such contact,
///         UCWA_INVALID_ARGUMENT where the text is no SIP URI.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_contact(application: *mut ucwa_application, contact: *const c_char) -> *mut c_char {
    // SAFETY: the handle is live; the text is NULL or ends with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_contact(text::required(contact, "contact")?)?)
    })
}

/// Searches for people, in the contact list and in the organization.
///
/// UCWA: search.
///
/// @param application The application.
/// @param query Part of a name, an address or a phone number; at most 256 characters.
/// @param limit How many to find at most: up to 100; 0 for the server's default.
/// @return An owned JSON text, `{"contacts":[...],"distributionGroups":[...],"moreResultsAvailable":false}`;
///         free it with ucwa_string_free. To find nobody is no failure. NULL on a failure:
///         UCWA_INVALID_ARGUMENT where the query or the limit is out of range.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_search_contacts(application: *mut ucwa_application, query: *const c_char, limit: u32) -> *mut c_char {
    // SAFETY: the handle is live; the text is NULL or ends with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.search_contacts(text::required(query, "query")?, limit)?)
    })
}
