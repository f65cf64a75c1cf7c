//! `_ucwa`: what the Python package `ucwa` has from Rust.
//!
//! It calls [`ucwa::Client`] and hands on its JSON; the objects that Python programs see are made in `python/ucwa`. Here
//! is only what Python cannot do: to let other threads run while a call waits (`call`), failures (`failure`), the
//! log (`logging`), events (`live`, `event_callback`), the token callback (`token_callback`), and that the
//! library's threads leave Python in time (`gate`).

mod call;
mod client;
mod event_callback;
mod failure;
mod gate;
mod helper;
mod live;
mod logging;
mod tally;
mod token_callback;

use pyo3::prelude::*;

/// The native part of the package `ucwa`; not for programs.
#[pymodule(gil_used = false)]
mod _ucwa {
    use super::*;

    #[pymodule_export]
    use super::client::{Client, sign_in};

    #[pymodule_export]
    const VERSION: &str = ucwa::VERSION;

    /// The table of configuration keys, as JSON.
    #[pyfunction]
    fn config_keys() -> String {
        ucwa::Config::keys()
    }

    /// The names of all statuses, `UCWA_OK` first.
    #[pyfunction]
    fn statuses() -> Vec<String> {
        ucwa::Status::ALL.into_iter().map(|status| status.name().to_string_lossy().into_owned()).collect()
    }

    /// To be called at exit, before the interpreter ends.
    #[pyfunction]
    fn at_exit(py: Python<'_>) -> PyResult<()> {
        call::finish(py)?;
        gate::close(py)
    }

    #[pymodule_init]
    fn start(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        logging::install();
        Ok(())
    }
}
