//! A Python callable that is asked for tokens.

use crate::gate;
use pyo3::prelude::*;
use std::cell::RefCell;
use std::sync::Arc;
use ucwa::{Secret, TokenCallback};

/// What the token callback raised last, in a call that this thread makes.
enum Raised {
    /// It makes none.
    NoCall,
    Nothing,
    This(PyErr),
}

thread_local! {
    static RAISED: RefCell<Raised> = const { RefCell::new(Raised::NoCall) };
}

/// Dresses a callable as the callback that the library knows. What it raises is the reason why the call that needed the
/// token fails; where the library needed it, it is Python's to tell.
pub(crate) fn dress(callback: Py<PyAny>) -> TokenCallback {
    Arc::new(move |challenge: &str| {
        let token = gate::enter(|py| match ask(py, &callback, challenge) {
            Ok(token) => token,
            Err(error) => {
                if let Some(error) = keep(error) {
                    error.write_unraisable(py, Some(callback.bind(py)));
                }
                None
            }
        });
        token.flatten().map(Secret::new)
    })
}

/// Makes a call on this thread; what the token callback raised meanwhile comes with its outcome.
pub(crate) fn watched<T>(call: impl FnOnce() -> T) -> (T, Option<PyErr>) {
    let before = RAISED.replace(Raised::Nothing);
    let outcome = call();
    let raised = match RAISED.replace(before) {
        Raised::This(error) => Some(error),
        Raised::Nothing | Raised::NoCall => None,
    };
    (outcome, raised)
}

/// Keeps it for the call, and gives it back where there is none.
fn keep(error: PyErr) -> Option<PyErr> {
    let former = match RAISED.replace(Raised::NoCall) {
        Raised::NoCall => return Some(error),
        former => former,
    };
    RAISED.set(Raised::This(error));
    // Not before: its own destructor is Python code.
    drop(former);
    None
}

fn ask(py: Python<'_>, callback: &Py<PyAny>, challenge: &str) -> PyResult<Option<String>> {
    callback.call1(py, (challenge,))?.extract(py)
}
