//! The statuses as C constants, and what the library says of itself.

use crate::error::Status;
use std::ffi::{CStr, c_char};

/// UCWA_OK, or the kind of a failure, which is negative. Later versions may add kinds; a number never changes
/// its meaning.
pub type ucwa_status = i32;

/// No failure.
pub const UCWA_OK: ucwa_status = 0;
/// An argument is missing, malformed or out of range, or the server called the request bad.
pub const UCWA_INVALID_ARGUMENT: ucwa_status = -1;
/// A configuration key is unknown, or its value cannot be used; the message says what is allowed.
pub const UCWA_INVALID_CONFIG: ucwa_status = -2;
/// No UCWA server was found for the sign-in address.
pub const UCWA_DISCOVERY_FAILED: ucwa_status = -3;
/// The server refused the credentials or the token. They are not sent again until they are changed.
pub const UCWA_AUTHENTICATION_FAILED: ucwa_status = -4;
/// The server wants the user to sign in on a web page: `signInUrl` in the error's JSON.
pub const UCWA_SIGN_IN_ELSEWHERE: ucwa_status = -5;
/// The server does not allow it to this user.
pub const UCWA_FORBIDDEN: ucwa_status = -6;
/// There is no such contact, group, link or resource.
pub const UCWA_NOT_FOUND: ucwa_status = -7;
/// The request contradicts the present state, or a name fits several things.
pub const UCWA_CONFLICT: ucwa_status = -8;
/// The server asks for fewer requests: `retryAfterMs` in the error's JSON, where the server said when.
pub const UCWA_THROTTLED: ucwa_status = -9;
/// The server failed.
pub const UCWA_SERVER_ERROR: ucwa_status = -10;
/// The server could not be reached, or the connection was lost.
pub const UCWA_NETWORK: ucwa_status = -11;
/// No trusted TLS connection could be made.
pub const UCWA_TLS: ucwa_status = -12;
/// The time of the call ran out (`timeout_ms`).
pub const UCWA_TIMEOUT: ucwa_status = -13;
/// The answer is not UCWA's.
pub const UCWA_PROTOCOL: ucwa_status = -14;
/// The application was cancelled or signed out.
pub const UCWA_CANCELLED: ucwa_status = -15;
/// The handle was made by the process that this one was forked from.
pub const UCWA_FORKED: ucwa_status = -16;
/// Not in this build.
pub const UCWA_UNSUPPORTED: ucwa_status = -17;
/// A defect of the library.
pub const UCWA_INTERNAL: ucwa_status = -18;

/// The version of the library that runs, such as "0.1.0"; UCWA_VERSION is that of the header.
///
/// @return A text that lives for ever. Never NULL. The last error stays as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_version() -> *const c_char {
    const TEXT: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("a version holds no NUL"),
    };
    TEXT.as_ptr()
}

/// The name of a status, such as "UCWA_NOT_FOUND".
///
/// @param status Any number.
/// @return A text that lives for ever; "UCWA_UNKNOWN" for a number that is no status of this version. Never
///         NULL. The last error stays as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_status_name(status: i32) -> *const c_char {
    const UNKNOWN: &CStr = c"UCWA_UNKNOWN";
    Status::from_number(status).map_or(UNKNOWN, Status::name).as_ptr()
}
