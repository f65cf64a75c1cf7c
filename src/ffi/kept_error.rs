//! The last failure of each thread, as it is kept.

use super::text;
use crate::error::Error;
use std::cell::RefCell;
use std::ffi::{CStr, CString};

struct LastError {
    error: Error,
    /// Lent to the caller.
    message: CString,
}

thread_local! {
    static LAST: RefCell<Option<LastError>> = const { RefCell::new(None) };
}

pub(super) fn clear() {
    replace(None);
}

pub(super) fn set(error: Error) {
    let message = text::c_string(error.message());
    replace(Some(LastError { error, message }));
}

fn replace(last: Option<LastError>) {
    // A thread that ends may have lost its storage already; then nobody can ask any more.
    let _ = LAST.try_with(|slot| slot.replace(last));
}

/// Looks at it and at its message, where there is one.
pub(super) fn read<T>(look: impl FnOnce(&Error, &CStr) -> T) -> Option<T> {
    LAST.try_with(|slot| slot.borrow().as_ref().map(|last| look(&last.error, &last.message))).ok().flatten()
}
