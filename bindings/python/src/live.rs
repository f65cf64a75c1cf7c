//! Waiting for events.

use crate::call::{SLICE, guarded, is_main_thread};
use crate::{failure, logging};
use pyo3::prelude::*;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ucwa::{Client, Error, Result, Status};

/// The next event. The main thread, which Ctrl-C is for, waits first, then looks for it, and takes the event last: one
/// that it had taken before would be lost to whoever is interrupted.
pub(crate) fn next_event(py: Python<'_>, client: impl Fn() -> Result<Arc<Client>>, timeout: Option<f64>) -> PyResult<String> {
    logging::follow(py)?;
    let end = end(py, timeout)?;
    let interruptible = is_main_thread(py)?;
    loop {
        // Anew each time: whoever closes the application has it released, and nobody releases it while holding Python.
        let client = client().map_err(|error| failure::raise(py, &error))?;
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        let told = if interruptible {
            let slice = left.map_or(SLICE, |left| left.min(SLICE));
            let came = py.detach(|| guarded(|| client.wait_for_event(Some(slice))));
            let take = || py.detach(|| guarded(|| client.next_event(Some(Duration::ZERO))));
            py.check_signals().map(|()| came.and_then(|()| take()))
        } else {
            Ok(py.detach(|| guarded(|| client.next_event(left))))
        };
        py.detach(move || drop(client));
        match told? {
            Ok(json) => return Ok(json),
            Err(error) if error.status() == Status::Timeout => {
                if end.is_some_and(|end| end <= Instant::now()) {
                    let text = format!("no event came within {} s", timeout.unwrap_or_default());
                    return Err(failure::raise(py, &Error::new(Status::Timeout, text)));
                }
            }
            Err(error) => return Err(failure::raise(py, &error)),
        }
    }
}

/// Waits until an event can be taken, or a failure shows that none ever will. Whether one can.
pub(crate) fn wait_for_event(py: Python<'_>, client: impl Fn() -> Result<Arc<Client>>, seconds: f64) -> PyResult<bool> {
    logging::follow(py)?;
    let left = end(py, Some(seconds))?.map(|end| end.saturating_duration_since(Instant::now()));
    let client = client().map_err(|error| failure::raise(py, &error))?;
    match py.detach(move || guarded(|| client.wait_for_event(left))) {
        Ok(()) => Ok(true),
        Err(error) if error.status() == Status::Timeout => Ok(false),
        Err(error) => Err(failure::raise(py, &error)),
    }
}

/// When a waiting is over; None is never.
fn end(py: Python<'_>, seconds: Option<f64>) -> PyResult<Option<Instant>> {
    let Some(seconds) = seconds else { return Ok(None) };
    if seconds.is_nan() || seconds < 0.0 {
        let text = format!("the timeout is {seconds}; it is a number of seconds, 0 or more, or None to wait for ever");
        return Err(failure::raise(py, &Error::new(Status::InvalidArgument, text)));
    }
    Ok(Duration::try_from_secs_f64(seconds).ok().and_then(|timeout| Instant::now().checked_add(timeout)))
}
