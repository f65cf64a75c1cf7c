//! The last failure of each thread, as it is kept.

use super::text;
use crate::error::Error;
use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::ptr::null_mut;

struct LastError {
    error: Error,
    /// Lent to the caller.
    message: CString,
}

thread_local! {
    // A pointer, which needs no destructor: it is there to the very end of the thread, for what the host's own destructors
    // call. NULL, or a box that is this thread's alone.
    static LAST: Cell<*mut LastError> = const { Cell::new(null_mut()) };
    static AT_THE_END: Tidy = const { Tidy };
}

/// Frees what is kept when the thread ends. What is kept by destructors that run even later is not freed.
struct Tidy;

impl Drop for Tidy {
    fn drop(&mut self) {
        clear();
    }
}

pub(super) fn clear() {
    replace(null_mut());
}

pub(super) fn set(error: Error) {
    let message = text::c_string(error.message());
    replace(Box::into_raw(Box::new(LastError { error, message })));
    // Only to have it run.
    let _ = AT_THE_END.try_with(|_| {});
}

fn replace(last: *mut LastError) {
    let former = LAST.replace(last);
    if !former.is_null() {
        // SAFETY: it came from a box, and is in the cell no more.
        drop(unsafe { Box::from_raw(former) });
    }
}

/// Looks at it and at its message, where there is one.
pub(super) fn read<T>(look: impl FnOnce(&Error, &CStr) -> T) -> Option<T> {
    // SAFETY: what is in the cell is this thread's, and stays there meanwhile: `look` sets no error.
    unsafe { LAST.get().as_ref() }.map(|last| look(&last.error, &last.message))
}
