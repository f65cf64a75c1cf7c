//! The signed-in user.

use super::application::{client, ucwa_application};
use super::guard::guard_network;
use super::{UCWA_OK, bytes, text, ucwa_status};
use std::ffi::{c_char, c_uchar};

/// The user's own data.
///
/// UCWA: me.
///
/// @param application The application.
/// @return An owned JSON text, `{"uri":"...","name":"...","title":"...","department":"...",...,"href":"..."}`; free
///         it with ucwa_string_free. NULL on a failure.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_me(application: *mut ucwa_application) -> *mut c_char {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_me()?)
    })
}

/// Shows the user online. To sign in does not: an application sees others without being seen, until it asks
/// for this. A user's own presence, note and location can be read and set only afterwards. The library does it
/// again where the server lost the application.
///
/// UCWA: makeMeAvailable.
///
/// @param application The application.
/// @param options_json A JSON object with makeMeAvailable's own members (`signInAs`, `supportedModalities`,
///        `supportedMessageFormats`, `phoneNumber`, `audioPreference`, `inactiveTimeout`,
///        `voipFallbackToPhoneAudioTimeOut`), and `keepActive`: whether the library reports activity every four
///        minutes by itself, on a thread of its own, until the application is freed or signed out (default
///        false: the server sees the user go idle, and ends the application, unless ucwa_report_my_activity is
///        called). NULL for the defaults.
/// @return UCWA_OK, also where the user is available already. UCWA_INVALID_ARGUMENT where the options are none.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_make_me_available(application: *mut ucwa_application, options_json: *const c_char) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        client.make_me_available(text::optional(options_json, "options_json")?)?;
        Ok(UCWA_OK)
    })
}

/// Tells the server that the user is active. Needed every four minutes or so where the user is available and
/// `keepActive` was not asked for.
///
/// UCWA: reportMyActivity.
///
/// @param application The application.
/// @return UCWA_OK. UCWA_CONFLICT where ucwa_make_me_available is needed first.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_report_my_activity(application: *mut ucwa_application) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        client.report_my_activity()?;
        Ok(UCWA_OK)
    })
}

/// The user's own presence.
///
/// UCWA: presence of me.
///
/// @param application The application.
/// @return An owned JSON text, `{"availability":"Online","activity":"...","href":"..."}`; free it with
///         ucwa_string_free. NULL on a failure: UCWA_CONFLICT where ucwa_make_me_available is needed first.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_my_presence(application: *mut ucwa_application) -> *mut c_char {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_my_presence()?)
    })
}

/// Sets the user's own presence.
///
/// UCWA: presence of me.
///
/// @param application The application.
/// @param availability `Online`, `Busy`, `DoNotDisturb`, `BeRightBack`, `Away` or `Offwork`.
/// @return UCWA_OK. UCWA_CONFLICT where ucwa_make_me_available is needed first, UCWA_INVALID_ARGUMENT where the server does not know the value.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_set_my_presence(application: *mut ucwa_application, availability: *const c_char) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        client.set_my_presence(text::required(availability, "availability")?)?;
        Ok(UCWA_OK)
    })
}

/// Leaves the user's own presence to the server again.
///
/// UCWA: presence of me.
///
/// @param application The application.
/// @return UCWA_OK. UCWA_CONFLICT where ucwa_make_me_available is needed first.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_reset_my_presence(application: *mut ucwa_application) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        client.reset_my_presence()?;
        Ok(UCWA_OK)
    })
}

/// The user's own note.
///
/// UCWA: note of me.
///
/// @param application The application.
/// @return An owned JSON text, `{"message":"...","type":"Personal","href":"..."}`; free it with
///         ucwa_string_free. NULL on a failure: UCWA_CONFLICT where ucwa_make_me_available is needed first.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_my_note(application: *mut ucwa_application) -> *mut c_char {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_my_note()?)
    })
}

/// Sets the user's own note.
///
/// UCWA: note of me.
///
/// @param application The application.
/// @param message The text.
/// @return UCWA_OK. UCWA_CONFLICT where ucwa_make_me_available is needed first.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_set_my_note(application: *mut ucwa_application, message: *const c_char) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        client.set_my_note(text::required(message, "message")?)?;
        Ok(UCWA_OK)
    })
}

/// Removes the user's own note.
///
/// UCWA: note of me.
///
/// @param application The application.
/// @return UCWA_OK. UCWA_CONFLICT where ucwa_make_me_available is needed first.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_reset_my_note(application: *mut ucwa_application) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        client.reset_my_note()?;
        Ok(UCWA_OK)
    })
}

/// Where the user is.
///
/// UCWA: location of me.
///
/// @param application The application.
/// @return An owned JSON text, `{"location":"...","href":"..."}`; free it with
///         ucwa_string_free. NULL on a failure: UCWA_CONFLICT where ucwa_make_me_available is needed first.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_my_location(application: *mut ucwa_application) -> *mut c_char {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_my_location()?)
    })
}

/// Sets where the user is.
///
/// UCWA: location of me.
///
/// @param application The application.
/// @param location The text; at most 60 characters.
/// @return UCWA_OK. UCWA_CONFLICT where ucwa_make_me_available is needed first.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_set_my_location(application: *mut ucwa_application, location: *const c_char) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        client.set_my_location(text::required(location, "location")?)?;
        Ok(UCWA_OK)
    })
}

/// Removes where the user is.
///
/// UCWA: location of me.
///
/// @param application The application.
/// @return UCWA_OK. UCWA_CONFLICT where ucwa_make_me_available is needed first.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_reset_my_location(application: *mut ucwa_application) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        client.reset_my_location()?;
        Ok(UCWA_OK)
    })
}

/// The user's own phones.
///
/// UCWA: phones of me.
///
/// @param application The application.
/// @return An owned JSON text, `{"phones":[{"number":"tel:...","type":"work",...,"href":"..."},...],"href":"..."}`;
///         free it with ucwa_string_free. NULL on a failure.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_my_phones(application: *mut ucwa_application) -> *mut c_char {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_my_phones()?)
    })
}

/// The user's own photo. One that did not change since it was read is not sent again.
///
/// UCWA: photo of me.
///
/// @param application The application.
/// @param size The size wanted, such as "HR96X96"; NULL for the server's choice.
/// @param data Receives the picture, `*data_size` bytes, which is the caller's: free it with ucwa_bytes_free.
///        NULL on a failure.
/// @param data_size Receives the picture's size in bytes; 0 on a failure.
/// @param media_type Receives an owned text such as "image/jpeg", freed with ucwa_string_free; NULL where it is
///        not wanted.
/// @return UCWA_OK. UCWA_NOT_FOUND where there is no photo.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_my_photo(
    application: *mut ucwa_application,
    size: *const c_char,
    data: *mut *mut c_uchar,
    data_size: *mut usize,
    media_type: *mut *mut c_char,
) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL; the out parameters are NULL or can be written to.
    guard_network(|| unsafe {
        bytes::receive(data, data_size, media_type, || client(application)?.get_my_photo(text::optional(size, "size")?))
    })
}
