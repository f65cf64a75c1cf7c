//! The presence of people.

use super::application::{client, ucwa_application};
use super::guard::guard_network;
use super::strings;
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
        strings::give(client.get_contact_presence(strings::required(contact, "contact")?)?)
    })
}
