//! Any resource of the server, raw.

use super::application::{client, ucwa_application};
use super::guard::guard_network;
use super::strings;
use std::ffi::c_char;

/// Follows a path of link relations from the application, and reads what is at its end.
///
/// UCWA: any resource.
///
/// @param application The application.
/// @param path A path as described at the top of this header, such as "people/search?query=sara&limit=5";
///        empty for the application.
/// @return An owned JSON text: the server's resource exactly as it stands, `_links` and dates included; free
///         it with ucwa_string_free. NULL on a failure: UCWA_NOT_FOUND names the segment that is missing and
///         what there is, UCWA_CONFLICT what a segment fits, UCWA_INVALID_ARGUMENT what is wrong with the
///         path.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_navigate(application: *mut ucwa_application, path: *const c_char) -> *mut c_char {
    // SAFETY: the handle is live; the text is NULL or ends with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        strings::give(client.navigate(strings::text(path, "path")?)?)
    })
}
