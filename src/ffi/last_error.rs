//! What callers ask about the last failure.

use super::guard::guard_quiet;
use super::kept_error::read;
use super::{text, ucwa_status};
use crate::error::Status;
use std::ffi::c_char;

/// The status of this thread's last call.
///
/// @return UCWA_OK where it succeeded, or where there was none. The last error stays as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_last_error_status() -> ucwa_status {
    guard_quiet(|| read(|error, _| error.status().number()).unwrap_or(Status::Ok.number()))
}

/// What failed in this thread's last call, for people: the request, what the server said, what to do.
///
/// @return A borrowed text that is good until this thread's next call of a function that sets the last error.
///         Never NULL; empty where the call succeeded. It never holds a password or a token. The last error
///         stays as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_last_error_message() -> *const c_char {
    guard_quiet(|| read(|_, message| message.as_ptr()).unwrap_or(c"".as_ptr()))
}

/// Everything known of the failure of this thread's last call.
///
/// Members beside `status` and `message` are present where they are known:
/// `{"status":"UCWA_NOT_FOUND","message":"...","httpStatus":404,"code":"NotFound","subcode":"ResourceNotFound",
/// "request":"GET https://host/...","serverFqdn":"...","time":"...","retryAfterMs":0,"diagnostics":"...",
/// "parameters":{...},"link":"...","debugInfo":{...},"signInUrl":"...","ids":["..."]}`.
///
/// @return An owned JSON text; free it with ucwa_string_free. `{"status":"UCWA_OK","message":""}` where the
///         call succeeded; NULL only where memory is out. It never holds a password or a token. The last
///         error stays as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_last_error_json() -> *mut c_char {
    guard_quiet(|| {
        let json = read(|error, _| error.to_json());
        let json = json.as_deref().unwrap_or(r#"{"status":"UCWA_OK","message":""}"#);
        text::give(json).unwrap_or(std::ptr::null_mut())
    })
}

#[cfg(test)]
mod tests {
    use super::super::kept_error::set;
    use super::*;
    use crate::error::Error;
    use std::ffi::CStr;

    #[test]
    fn a_nul_in_a_message_does_not_end_it() {
        set(Error::argument("one\0two"));
        // SAFETY: the message is lent until the next call of this thread.
        let message = unsafe { CStr::from_ptr(ucwa_last_error_message()) };
        assert_eq!(message.to_str().unwrap(), "one\\u{0}two");
    }
}
