//! Texts that callers own.

use super::guard::{guard, guard_quiet};
use super::text::{give, whole};
use std::ffi::c_char;

/// Copies a text, for what a callback hands back.
///
/// @param text UTF-8; may be empty.
/// @return The copy; NULL where `text` is NULL or no UTF-8 (UCWA_INVALID_ARGUMENT). Whoever it is handed to
///         frees it with ucwa_string_free: the library, for what a token callback returns.
///
/// Threads: any. It does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_string_new(text: *const c_char) -> *mut c_char {
    // SAFETY: the text is NULL or ends with NUL.
    guard(|| unsafe { give(whole(text, "text")?) })
}

/// Frees a text that this library returned. Never use free().
///
/// @param text A `char *` that the library returned; NULL is ignored. The last error stays as it is.
///
/// Threads: any. It does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_string_free(text: *mut c_char) {
    // SAFETY: the text is NULL, or came from `give` and is used by nobody any more.
    guard_quiet(|| unsafe { libc::free(text.cast()) });
}
