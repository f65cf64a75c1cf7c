//! Any resource of the server, raw.

use super::application::{client, ucwa_application};
use super::guard::guard_network;
use super::text;
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
        text::give(client.navigate(text::text(path, "path")?)?)
    })
}

/// Sends any request to a resource of the application: for what this library has no function for.
///
/// UCWA: any resource.
///
/// @param application The application.
/// @param method `GET`, `POST`, `PUT`, `DELETE`, `PATCH`, `HEAD` or `OPTIONS`. A PUT of a JSON object reads the
///        resource first, and sends back its etag and the property that asks to be passed back, as UCWA wants it;
///        where it was changed meanwhile, that is done once more.
/// @param href An absolute address or one that starts with "/", as it stands in `_links`, on the application's own
///        host, which alone is spoken to; else a path as for ucwa_navigate, whose last resource is not read but
///        asked.
/// @param body_json The body, any JSON; NULL for none.
/// @return An owned JSON text, `{"status":201,"etag":"...","location":"...","contentType":"...","body":{...}}`;
///         `body` is null where there is none, a string where it is text, `{"base64":"..."}` where it is neither;
///         what the server did not say is absent. Free it with ucwa_string_free. NULL on a failure: every status
///         of 300 or more is one, UCWA_INVALID_ARGUMENT where the href leads to another host.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_request(
    application: *mut ucwa_application,
    method: *const c_char,
    href: *const c_char,
    body_json: *const c_char,
) -> *mut c_char {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard_network(|| unsafe {
        let client = client(application)?;
        let (method, href) = (text::required(method, "method")?, text::required(href, "href")?);
        text::give(client.request(method, href, text::optional(body_json, "body_json")?)?)
    })
}
