//! What else the server tells of a contact.

use super::application::{client, ucwa_application};
use super::guard::guard_network;
use super::{UCWA_OK, bytes, text, ucwa_status};
use std::ffi::{c_char, c_uchar};

/// The note that a contact shows.
///
/// UCWA: contactNote.
///
/// @param application The application.
/// @param contact A SIP URI, such as "sip:SaraD@contoso.com".
/// @return An owned JSON text,
///         `{"uri":"...","message":"...","type":"Personal","href":"..."}`.
///         Free it with ucwa_string_free. NULL on a failure: UCWA_NOT_FOUND where there is no such contact.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_contact_note(application: *mut ucwa_application, contact: *const c_char) -> *mut c_char {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_contact_note(text::required(contact, "contact")?)?)
    })
}

/// Where a contact is.
///
/// UCWA: contactLocation.
///
/// @param application The application.
/// @param contact A SIP URI, such as "sip:SaraD@contoso.com".
/// @return An owned JSON text,
///         `{"uri":"...","location":"...","href":"..."}`; without `location` where the contact shows none.
///         Free it with ucwa_string_free. NULL on a failure: UCWA_NOT_FOUND where there is no such contact.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_contact_location(application: *mut ucwa_application, contact: *const c_char) -> *mut c_char {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_contact_location(text::required(contact, "contact")?)?)
    })
}

/// The ways in which a contact can be reached.
///
/// UCWA: contactSupportedModalities.
///
/// @param application The application.
/// @param contact A SIP URI, such as "sip:SaraD@contoso.com".
/// @return An owned JSON text,
///         `{"uri":"...","modalities":["Audio","Messaging",...],"href":"..."}`.
///         Free it with ucwa_string_free. NULL on a failure: UCWA_NOT_FOUND where there is no such contact.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_contact_supported_modalities(application: *mut ucwa_application, contact: *const c_char) -> *mut c_char {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_contact_supported_modalities(text::required(contact, "contact")?)?)
    })
}

/// How much of the user a contact may see.
///
/// UCWA: contactPrivacyRelationship.
///
/// @param application The application.
/// @param contact A SIP URI, such as "sip:SaraD@contoso.com".
/// @return An owned JSON text,
///         `{"uri":"...","relationshipLevel":"Colleagues","href":"..."}`.
///         Free it with ucwa_string_free. NULL on a failure: UCWA_NOT_FOUND where there is no such contact.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_contact_privacy_relationship(application: *mut ucwa_application, contact: *const c_char) -> *mut c_char {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_contact_privacy_relationship(text::required(contact, "contact")?)?)
    })
}

/// Sets how much of the user a contact may see.
///
/// UCWA: contactPrivacyRelationship (version 2, with its etag; read anew and tried once more where it was changed
/// meanwhile).
///
/// @param application The application.
/// @param contact A SIP URI, such as "sip:SaraD@contoso.com".
/// @param level `Colleagues`, `Workgroup`, `FriendsAndFamily`, `External` or `Blocked`.
/// @return UCWA_OK. UCWA_NOT_FOUND where there is no such contact, UCWA_FORBIDDEN where the server does not allow it,
///         UCWA_INVALID_ARGUMENT where it does not know the level.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_set_contact_privacy_relationship(
    application: *mut ucwa_application,
    contact: *const c_char,
    level: *const c_char,
) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        client.set_contact_privacy_relationship(text::required(contact, "contact")?, text::required(level, "level")?)?;
        Ok(UCWA_OK)
    })
}

/// Leaves it to the server again how much of the user a contact may see.
///
/// UCWA: resetContactPrivacyRelationship.
///
/// @param application The application.
/// @param contact A SIP URI, such as "sip:SaraD@contoso.com".
/// @return UCWA_OK. UCWA_NOT_FOUND where there is no such contact.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_reset_contact_privacy_relationship(
    application: *mut ucwa_application,
    contact: *const c_char,
) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        client.reset_contact_privacy_relationship(text::required(contact, "contact")?)?;
        Ok(UCWA_OK)
    })
}

/// The photo of a contact. One that did not change since it was read is not sent again.
///
/// UCWA: contactPhoto.
///
/// @param application The application.
/// @param contact A SIP URI, such as "sip:SaraD@contoso.com".
/// @param size The size wanted, such as "HR96X96"; NULL for the server's choice.
/// @param data Receives the picture, `*data_size` bytes, which is the caller's: free it with ucwa_bytes_free.
///        NULL on a failure.
/// @param data_size Receives the picture's size in bytes; 0 on a failure.
/// @param media_type Receives an owned text such as "image/jpeg", freed with ucwa_string_free; NULL where it is
///        not wanted.
/// @return UCWA_OK. UCWA_NOT_FOUND where there is no such contact or no photo, UCWA_FORBIDDEN where the server
///         hides it, UCWA_TIMEOUT where the photo's store is slow: try again later.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_contact_photo(
    application: *mut ucwa_application,
    contact: *const c_char,
    size: *const c_char,
    data: *mut *mut c_uchar,
    data_size: *mut usize,
    media_type: *mut *mut c_char,
) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL; the out parameters are NULL or can be written to.
    guard_network(|| unsafe {
        bytes::receive(data, data_size, media_type, || {
            client(application)?.get_contact_photo(text::required(contact, "contact")?, text::optional(size, "size")?)
        })
    })
}
