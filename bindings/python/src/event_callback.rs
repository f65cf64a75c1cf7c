//! A Python callable that takes events.

use crate::gate;
use pyo3::prelude::*;
use std::sync::Arc;
use ucwa::EventCallback;

/// Dresses a callable as the callback that the library knows. What it raises is Python's to tell, and never gets into the
/// library.
pub(crate) fn dress(callback: Py<PyAny>) -> EventCallback {
    let held = Held(Some(callback));
    Arc::new(move |event: &str| {
        // An interpreter that is ending takes no more events.
        gate::enter(|py| held.call(py, event));
    })
}

/// The callable, released when the library needs it no more.
struct Held(Option<Py<PyAny>>);

impl Held {
    fn call(&self, py: Python<'_>, event: &str) {
        let Some(callback) = &self.0 else { return };
        if let Err(error) = callback.call1(py, (event,)) {
            error.write_unraisable(py, Some(callback.bind(py)));
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // At once, not whenever somebody has Python the next time: what belongs to it may be waited for.
        if let Some(callback) = self.0.take() {
            let mut callback = Some(callback);
            gate::enter(|_| drop(callback.take()));
            std::mem::forget(callback);
        }
    }
}
