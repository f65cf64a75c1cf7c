//! The wall around every function: no panic leaves the library, and the last error is always set.

use super::kept_error;
use super::sigpipe::Shield;
use crate::error::{Error, Result, Status};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a C function returns where it fails.
pub(super) trait Outcome {
    fn failed(status: Status) -> Self;
}

impl<T> Outcome for *mut T {
    fn failed(_: Status) -> Self {
        std::ptr::null_mut()
    }
}

impl<T> Outcome for *const T {
    fn failed(_: Status) -> Self {
        std::ptr::null()
    }
}

impl Outcome for super::ucwa_status {
    fn failed(status: Status) -> Self {
        status.number()
    }
}

impl Outcome for () {
    fn failed(_: Status) -> Self {}
}

impl Outcome for isize {
    fn failed(_: Status) -> Self {
        -1
    }
}

impl Outcome for usize {
    fn failed(_: Status) -> Self {
        0
    }
}

/// Runs the body of a function that stays in memory.
pub(super) fn guard<T: Outcome>(body: impl FnOnce() -> Result<T>) -> T {
    kept_error::clear();
    let result = contain(body).unwrap_or_else(Err);
    match result {
        Ok(value) => {
            // A callback that ran meanwhile may have called a function, too.
            kept_error::clear();
            value
        }
        Err(error) => {
            let value = T::failed(error.status());
            kept_error::set(error);
            value
        }
    }
}

/// Runs the body of a function that may touch the network.
pub(super) fn guard_network<T: Outcome>(body: impl FnOnce() -> Result<T>) -> T {
    guard(|| {
        let _shield = Shield::raise();
        body()
    })
}

/// Runs the body of a function that leaves the last error alone.
pub(super) fn guard_quiet<T: Outcome>(body: impl FnOnce() -> T) -> T {
    contain(body).unwrap_or_else(|error| {
        let value = T::failed(error.status());
        kept_error::set(error);
        value
    })
}

/// Frees a handle that may hold connections.
pub(super) fn guard_free(body: impl FnOnce()) {
    guard_quiet(|| {
        let _shield = Shield::raise();
        body();
    });
}

fn contain<T>(body: impl FnOnce() -> T) -> Result<T> {
    // Whatever a panic left half done sits behind locks that take poison into account.
    catch_unwind(AssertUnwindSafe(body)).map_err(defect)
}

fn defect(payload: Box<dyn Any + Send>) -> Error {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let error = Error::new(Status::Internal, format!("a defect of the library: {}", text.unwrap_or("it panicked")));
    // To drop a payload runs its own code, which could panic outside of every guard.
    std::mem::forget(payload);
    error
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;

    fn last_error() -> (ucwa_status, String) {
        // SAFETY: the text is copied before the next call.
        unsafe {
            let message = std::ffi::CStr::from_ptr(ucwa_last_error_message()).to_str().unwrap();
            (ucwa_last_error_status(), message.to_owned())
        }
    }

    fn message() -> String {
        last_error().1
    }

    #[test]
    fn a_panic_becomes_the_last_error() {
        let status: ucwa_status = guard(|| panic!("Bearer {}", "abc.def"));
        assert_eq!(status, UCWA_INTERNAL);
        assert_eq!(last_error(), (UCWA_INTERNAL, "a defect of the library: Bearer [hidden]".to_owned()));
        let text: *mut std::ffi::c_char = guard_network(|| panic!("no value to print {}", 1));
        assert!(text.is_null());
        let size: usize = guard(|| std::panic::panic_any(7));
        assert_eq!((size, message().as_str()), (0, "a defect of the library: it panicked"));
    }

    #[test]
    fn freeing_touches_the_last_error_only_on_a_panic() {
        let _: usize = guard(|| Err(Error::argument("kept")));
        guard_free(|| {});
        assert_eq!(message(), "kept");
        guard_free(|| panic!("in a destructor"));
        assert_eq!(message(), "a defect of the library: in a destructor");
    }

    #[test]
    fn success_clears_what_a_callback_left() {
        let size: usize = guard(|| {
            let _: usize = guard(|| Err(Error::argument("the callback's")));
            Ok(1)
        });
        assert_eq!((size, last_error()), (1, (UCWA_OK, String::new())));
    }
}
