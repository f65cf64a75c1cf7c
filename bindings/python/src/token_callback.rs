//! A Python callable that is asked for tokens.

use crate::client::Raised;
use crate::gate;
use pyo3::prelude::*;
use std::sync::Arc;
use ucwa::{Secret, TokenCallback};

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
