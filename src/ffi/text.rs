//! Texts that come in and go out.

use crate::error::{Error, Result, Status};
use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char};
use zeroize::Zeroize;

/// The longest text taken as an argument, in bytes: far beyond any name or token, and short enough to copy at
/// will.
const LONGEST: usize = 65_536;

/// The longest list of contacts.
const LONGEST_LIST: usize = 16 << 20;

/// Reads a text that must be there and not be empty.
///
/// # Safety
/// As for [`text`].
pub(super) unsafe fn required<'a>(pointer: *const c_char, name: &str) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    match unsafe { text(pointer, name) }? {
        "" => Err(Error::argument(format!("{name} is empty"))),
        text => Ok(text),
    }
}

/// Reads a text that must be there, not be empty, and may hold many contacts.
///
/// # Safety
/// As for [`text`].
pub(super) unsafe fn long<'a>(pointer: *const c_char, name: &str) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    match unsafe { bounded(pointer, name, LONGEST_LIST) }? {
        "" => Err(Error::argument(format!("{name} is empty"))),
        text => Ok(text),
    }
}

/// Reads a text that must not be empty, and for which NULL has a meaning.
///
/// # Safety
/// As for [`text`].
pub(super) unsafe fn optional<'a>(pointer: *const c_char, name: &str) -> Result<Option<&'a str>> {
    // SAFETY: the caller's promise.
    (!pointer.is_null()).then(|| unsafe { required(pointer, name) }).transpose()
}

/// Reads the value of a configuration key, whose table says what is wrong with an empty one. NULL has a meaning.
///
/// # Safety
/// As for [`text`].
pub(super) unsafe fn value<'a>(pointer: *const c_char) -> Result<Option<&'a str>> {
    // SAFETY: the caller's promise.
    (!pointer.is_null()).then(|| unsafe { text(pointer, "value") }).transpose()
}

/// Reads a text that must be there and may be empty.
///
/// # Safety
/// The pointer is NULL, or its bytes can be read up to a NUL and do not change while the reference lives.
pub(super) unsafe fn text<'a>(pointer: *const c_char, name: &str) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    unsafe { bounded(pointer, name, LONGEST) }
}

unsafe fn bounded<'a>(pointer: *const c_char, name: &str, longest: usize) -> Result<&'a str> {
    // SAFETY: the caller's promise; memchr reads no further than the NUL.
    if !pointer.is_null() && unsafe { libc::memchr(pointer.cast(), 0, longest + 1) }.is_null() {
        return Err(Error::argument(format!("{name} is longer than {longest} bytes")));
    }
    // SAFETY: the caller's promise.
    unsafe { whole(pointer, name) }
}

/// Reads a text of any length.
///
/// # Safety
/// As for [`text`].
pub(super) unsafe fn whole<'a>(pointer: *const c_char, name: &str) -> Result<&'a str> {
    if pointer.is_null() {
        return Err(Error::argument(format!("{name} is NULL")));
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { CStr::from_ptr(pointer) };
    bytes.to_str().map_err(|error| Error::argument(format!("{name} is not UTF-8 (byte {})", error.valid_up_to())))
}

/// Hands a text to the caller, who frees it with [`ucwa_string_free`].
///
/// It lies in C's own memory, whose blocks know their size: the caller may shorten the text in place.
pub(super) fn give(text: impl AsRef<str>) -> Result<*mut c_char> {
    let text = without_nul(text.as_ref());
    // SAFETY: malloc may be asked for any size.
    let copy = unsafe { libc::malloc(text.len() + 1) }.cast::<u8>();
    if copy.is_null() {
        return Err(Error::new(Status::Internal, format!("no memory for a text of {} bytes", text.len())));
    }
    // SAFETY: the block is new and has room for the bytes and the NUL.
    unsafe {
        copy.copy_from_nonoverlapping(text.as_ptr(), text.len());
        copy.add(text.len()).write(0);
    }
    Ok(copy.cast())
}

/// Takes over a secret that a callback made with [`ucwa_string_new`], and leaves no copy behind. `None` where
/// it is no text.
///
/// # Safety
/// The pointer came from [`give`] and is used by nobody any more.
pub(super) unsafe fn take_secret(pointer: *mut c_char) -> Option<String> {
    // SAFETY: the caller's promise: the block ends with NUL, and is this function's alone to wipe and free.
    unsafe {
        let length = CStr::from_ptr(pointer).count_bytes();
        let bytes = std::slice::from_raw_parts_mut(pointer.cast::<u8>(), length);
        let text = std::str::from_utf8(bytes).ok().map(str::to_owned);
        bytes.zeroize();
        libc::free(pointer.cast());
        text
    }
}

/// A text as C sees it, for as long as it is lent.
pub(super) fn c_string(text: &str) -> CString {
    CString::new(without_nul(text).as_bytes()).unwrap_or_default()
}

/// A C text ends at the first NUL; one that lies within is replaced.
fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{FFFD}").into() } else { text.into() }
}
