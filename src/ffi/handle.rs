//! What a handle holds, and which process may use it.

use crate::error::{Error, Result, Status};
use std::mem::ManuallyDrop;

/// The inside of a handle. A forked child must not touch it: the threads that it relies on, and whoever held one of its
/// locks, stayed in the parent.
pub(super) struct Handle<T> {
    process: u32,
    inside: ManuallyDrop<T>,
}

impl<T> Handle<T> {
    pub fn new(inside: T) -> Handle<T> {
        Handle { process: std::process::id(), inside: ManuallyDrop::new(inside) }
    }

    pub fn get(&self) -> Result<&T> {
        if self.is_inherited() {
            let text = format!("the handle was made by process {}, which this one was forked from; make one of its own here", self.process);
            return Err(Error::new(Status::Forked, text));
        }
        Ok(&self.inside)
    }

    fn is_inherited(&self) -> bool {
        self.process != std::process::id()
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        if !self.is_inherited() {
            // SAFETY: this is the only place that drops it, and it runs once.
            unsafe { ManuallyDrop::drop(&mut self.inside) }
        }
    }
}

/// Hands a new handle to the caller.
pub(super) fn give<H>(handle: H) -> *mut H {
    Box::into_raw(Box::new(handle))
}

/// Looks at a handle that the caller passed in.
///
/// # Safety
/// The pointer is NULL, or came from [`give`] and is not freed while the reference lives.
pub(super) unsafe fn borrow<'a, H>(handle: *const H, name: &str) -> Result<&'a H> {
    // SAFETY: the caller's promise.
    unsafe { handle.as_ref() }.ok_or_else(|| Error::argument(format!("{name} is NULL")))
}

/// Takes a handle back and drops it; NULL is ignored.
///
/// # Safety
/// The pointer is NULL, or came from [`give`] and is used by nobody, now or later.
pub(super) unsafe fn take_back<H>(handle: *mut H) {
    if !handle.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(handle) });
    }
}
