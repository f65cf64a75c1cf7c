//! Failures as Python knows them.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use ucwa::Error;

/// The exception for a failure. Its class stands in `ucwa/_errors.py`, where it can be pickled and documented.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    static FROM_JSON: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let made = FROM_JSON.import(py, "ucwa._errors", "from_json").and_then(|make| make.call1((error.to_json(),)));
    made.map_or_else(|defect| defect, PyErr::from_value)
}
