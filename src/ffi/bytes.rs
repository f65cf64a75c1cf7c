//! Bytes that go out.

use super::guard::guard_quiet;
use super::{UCWA_OK, text, ucwa_status};
use crate::Photo;
use crate::error::{Error, Result, Status};
use std::ffi::{c_char, c_uchar};
use std::ptr::null_mut;

/// Frees bytes that this library returned. Never use free().
///
/// @param data Bytes that the library returned; NULL is ignored. The last error stays as it is.
/// @param size Their number, as the library told it.
///
/// Threads: any. It does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_bytes_free(data: *mut c_uchar, size: usize) {
    // The block knows its size; C's customs have it told all the same.
    let _ = size;
    // SAFETY: the bytes are NULL, or came from `give` and are used by nobody any more.
    guard_quiet(|| unsafe { libc::free(data.cast()) });
}

/// Hands a picture to the caller, in three out parameters that are empty where it fails.
///
/// # Safety
/// The out parameters are NULL or can be written to.
pub(super) unsafe fn receive(
    data: *mut *mut c_uchar,
    data_size: *mut usize,
    media_type: *mut *mut c_char,
    read: impl FnOnce() -> Result<Photo>,
) -> Result<ucwa_status> {
    // SAFETY: the caller's promise.
    unsafe {
        if !data.is_null() {
            data.write(null_mut());
        }
        if !data_size.is_null() {
            data_size.write(0);
        }
        if !media_type.is_null() {
            media_type.write(null_mut());
        }
    }
    for (name, missing) in [("data", data.is_null()), ("data_size", data_size.is_null())] {
        if missing {
            return Err(Error::argument(format!("{name} is NULL")));
        }
    }
    let photo = read()?;
    let bytes = give(&photo.data)?;
    // SAFETY: none of those written to is NULL.
    unsafe {
        if !media_type.is_null() {
            match text::give(&photo.media_type) {
                Ok(text) => media_type.write(text),
                Err(error) => {
                    libc::free(bytes.cast());
                    return Err(error);
                }
            }
        }
        data.write(bytes);
        data_size.write(photo.data.len());
    }
    Ok(UCWA_OK)
}

fn give(bytes: &[u8]) -> Result<*mut c_uchar> {
    // SAFETY: malloc may be asked for any size; at least one byte, so that NULL is a failure alone.
    let copy = unsafe { libc::malloc(bytes.len().max(1)) }.cast::<c_uchar>();
    if copy.is_null() {
        return Err(Error::new(Status::Internal, format!("no memory for {} bytes", bytes.len())));
    }
    // SAFETY: the block is new and has room for the bytes.
    unsafe { copy.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    Ok(copy)
}
