//! A Python callable that is asked for tokens.

use crate::gate;
use pyo3::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};
use ucwa::{Secret, TokenCallback};

/// What the token callback raised last, until the call that asked it is over.
#[derive(Clone, Default)]
pub(crate) struct Raised(Arc<Mutex<Option<PyErr>>>);

impl Raised {
    fn keep(&self, error: PyErr) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(crate) fn take(&self) -> Option<PyErr> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Dresses a callable as the callback that the library knows. What it raises is kept, as the reason why the call that
/// needed the token fails.
pub(crate) fn dress(callback: Py<PyAny>, raised: Raised) -> TokenCallback {
    Arc::new(move |challenge: &str| {
        let token = gate::enter(|py| match ask(py, &callback, challenge) {
            Ok(token) => token,
            Err(error) => {
                raised.keep(error);
                None
            }
        });
        token.flatten().map(Secret::new)
    })
}

fn ask(py: Python<'_>, callback: &Py<PyAny>, challenge: &str) -> PyResult<Option<String>> {
    callback.call1(py, (challenge,))?.extract(py)
}
