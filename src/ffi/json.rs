//! Reading the JSON that the library returns, for programs without another library for it.

use super::guard::{guard, guard_quiet};
use super::handle::{borrow, give, take_back};
use super::json_tree::Node;
use super::{UCWA_OK, text, ucwa_status};
use crate::error::Error;
use std::ffi::c_char;

/// A parsed JSON text. It never changes, so any number of threads may read it at once; a forked child may,
/// too.
///
/// The places in it are named by JSON pointers (RFC 6901): "" is the whole, "/contacts/0/uri" a member, `~1`
/// stands for `/` and `~0` for `~` in a name. Of members with the same name the last one counts.
pub struct ucwa_json(Node);

/// Parses a JSON text.
///
/// Every text that the library returns can be read.
///
/// @param text UTF-8, of any length, nested at most 127 deep.
/// @return The parsed text; free it with ucwa_json_free. NULL where it is no JSON: UCWA_INVALID_ARGUMENT,
///         with line and column.
///
/// Threads: any. It does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_json_parse(text: *const c_char) -> *mut ucwa_json {
    // SAFETY: the text is NULL or ends with NUL.
    guard(|| unsafe { Ok(give(ucwa_json(Node::parse(text::whole(text, "text")?)?))) })
}

/// Reads a string.
///
/// @param json The parsed text.
/// @param pointer Where it stands.
/// @return A borrowed UTF-8 text that is good until ucwa_json_free; a U+0000 in it is replaced by U+FFFD.
///         NULL where it is no string: UCWA_INVALID_ARGUMENT for numbers, true, false, null, arrays and
///         objects, UCWA_NOT_FOUND where there is nothing.
///
/// Threads: any. It does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_json_text(json: *const ucwa_json, pointer: *const c_char) -> *const c_char {
    // SAFETY: the handle is live; the text is NULL or ends with NUL.
    guard(|| unsafe {
        match at(json, pointer)? {
            Node::Text(text) => Ok(text.as_ptr()),
            other => Err(Error::argument(format!("no string, but {} is there", other.kind()))),
        }
    })
}

/// Reads an integer.
///
/// @param json The parsed text.
/// @param pointer Where it stands.
/// @param value Receives it; 0 on a failure.
/// @return UCWA_OK. UCWA_INVALID_ARGUMENT where it is no integer of 64 bits (1.0 and 1e3 are none),
///         UCWA_NOT_FOUND where there is nothing.
///
/// Threads: any. It does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_json_integer(json: *const ucwa_json, pointer: *const c_char, value: *mut i64) -> ucwa_status {
    // SAFETY: the handle is live; the text is NULL or ends with NUL; the number is NULL or can be written.
    guard(|| unsafe {
        let value = value.as_mut().ok_or_else(|| Error::argument("value is NULL"))?;
        *value = 0;
        match at(json, pointer)? {
            Node::Integer(integer) => *value = *integer,
            other => return Err(Error::argument(format!("no integer, but {} is there", other.kind()))),
        }
        Ok(UCWA_OK)
    })
}

/// Reads true or false.
///
/// @param json The parsed text.
/// @param pointer Where it stands.
/// @param value Receives 1 for true and 0 for false; 0 on a failure.
/// @return UCWA_OK. UCWA_INVALID_ARGUMENT where it is neither, UCWA_NOT_FOUND where there is nothing.
///
/// Threads: any. It does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_json_boolean(json: *const ucwa_json, pointer: *const c_char, value: *mut i32) -> ucwa_status {
    // SAFETY: the handle is live; the text is NULL or ends with NUL; the number is NULL or can be written.
    guard(|| unsafe {
        let value = value.as_mut().ok_or_else(|| Error::argument("value is NULL"))?;
        *value = 0;
        match at(json, pointer)? {
            Node::Boolean(truth) => *value = i32::from(*truth),
            other => return Err(Error::argument(format!("neither true nor false, but {} is there", other.kind()))),
        }
        Ok(UCWA_OK)
    })
}

/// Counts the members of an object or the elements of an array.
///
/// @param json The parsed text.
/// @param pointer Where it stands.
/// @return Their number. 0 for anything else, too: the last error is then UCWA_INVALID_ARGUMENT, or
///         UCWA_NOT_FOUND where there is nothing.
///
/// Threads: any. It does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_json_size(json: *const ucwa_json, pointer: *const c_char) -> usize {
    // SAFETY: the handle is live; the text is NULL or ends with NUL.
    guard(|| unsafe {
        match at(json, pointer)? {
            Node::Array(elements) => Ok(elements.len()),
            Node::Object(members) => Ok(members.len()),
            other => Err(Error::argument(format!("no array or object, but {} is there", other.kind()))),
        }
    })
}

/// Frees a parsed JSON text, and with it every text that was borrowed from it.
///
/// @param json The parsed text, used by no thread any more; NULL is ignored. The last error stays as it is.
///
/// Threads: one, once. It does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_json_free(json: *mut ucwa_json) {
    // SAFETY: NULL, or a handle that is used by nobody any more.
    guard_quiet(|| unsafe { take_back(json) });
}

/// The value that a pointer names.
///
/// # Safety
/// The handle is NULL or live for as long as the reference is; the pointer is NULL or ends with NUL.
unsafe fn at<'a>(json: *const ucwa_json, pointer: *const c_char) -> crate::error::Result<&'a Node> {
    // SAFETY: the caller's promise.
    unsafe { borrow(json, "json")?.0.at(text::text(pointer, "pointer")?) }
}
