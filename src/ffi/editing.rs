//! Changing the contact list.

use super::application::{client, ucwa_application};
use super::guard::guard_network;
use super::{UCWA_OK, text, ucwa_status};
use std::ffi::c_char;

/// Puts a contact into a group of the user's.
///
/// UCWA: myGroupMemberships (version 2).
///
/// @param application The application.
/// @param contact A SIP URI, such as "sip:SaraD@contoso.com".
/// @param group A group's id, rel or name; NULL for the server's choice, "Other Contacts".
/// @return An owned JSON text, `{"uri":"...","href":"..."}`: the membership that was made; free it with
///         ucwa_string_free. NULL on a failure: UCWA_CONFLICT where the contact is in the group already or the
///         contact list is full, UCWA_FORBIDDEN where the group is not the user's to change.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_add_contact(application: *mut ucwa_application, contact: *const c_char, group: *const c_char) -> *mut c_char {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.add_contact(text::required(contact, "contact")?, text::optional(group, "group")?)?)
    })
}

/// Takes a contact out of a group, or out of the contact list.
///
/// UCWA: myGroupMembership, removeContactFromAllGroups (version 2).
///
/// @param application The application.
/// @param contact A SIP URI, such as "sip:SaraD@contoso.com".
/// @param group A group's id, rel or name; NULL for all groups.
/// @return UCWA_OK. UCWA_NOT_FOUND where the contact is not there.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_remove_contact(
    application: *mut ucwa_application,
    contact: *const c_char,
    group: *const c_char,
) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        client.remove_contact(text::required(contact, "contact")?, text::optional(group, "group")?)?;
        Ok(UCWA_OK)
    })
}

/// Makes a group.
///
/// UCWA: myGroups (version 2).
///
/// @param application The application.
/// @param name Its name; at most 256 characters.
/// @return An owned JSON text, the group as from ucwa_get_groups: `{"rel":"group","id":"...","name":"...","href":
///         "..."}`; free it with ucwa_string_free. NULL on a failure: UCWA_CONFLICT where there is such a group or
///         there are too many.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_add_group(application: *mut ucwa_application, name: *const c_char) -> *mut c_char {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.add_group(text::required(name, "name")?)?)
    })
}

/// Renames a group that the user made.
///
/// UCWA: group (version 2, with its etag; read anew and tried once more where it was changed meanwhile).
///
/// @param application The application.
/// @param group A group's id or name.
/// @param name The new name; at most 256 characters.
/// @return UCWA_OK. UCWA_NOT_FOUND where there is no such group, UCWA_FORBIDDEN where it is the server's own.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_rename_group(application: *mut ucwa_application, group: *const c_char, name: *const c_char) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        client.rename_group(text::required(group, "group")?, text::required(name, "name")?)?;
        Ok(UCWA_OK)
    })
}

/// Removes a group that the user made.
///
/// UCWA: group (version 2).
///
/// @param application The application.
/// @param group A group's id or name.
/// @return UCWA_OK. UCWA_NOT_FOUND where there is no such group, UCWA_FORBIDDEN where it is the server's own.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_remove_group(application: *mut ucwa_application, group: *const c_char) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        client.remove_group(text::required(group, "group")?)?;
        Ok(UCWA_OK)
    })
}
