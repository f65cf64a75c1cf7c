//! Waiting for events.

use crate::call::{SLICE, guarded, is_main_thread};
use crate::client::Client;
use crate::{failure, logging};
use pyo3::prelude::*;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ucwa::{Error, Status};

/// The next event. The main thread, which Ctrl-C is for, waits first, then looks for it, and takes the event last: one
/// that it had taken before would be lost to whoever is interrupted.
pub(crate) fn next_event(client: &Client, py: Python<'_>, timeout: Option<f64>) -> PyResult<String> {
    logging::follow(py)?;
    let end = end(py, timeout)?;
    let interruptible = is_main_thread(py)?;
    loop {
        // Anew each time: whoever closes the application has it released, and nobody releases it while holding Python.
        let inside = client.inside().map_err(|error| failure::raise(py, &error))?;
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        let told = if interruptible {
            let slice = left.map_or(SLICE, |left| left.min(SLICE));
            let came = py.detach(|| guarded(|| inside.wait_for_event(Some(slice))));
            py.check_signals()?;
            came.and_then(|()| py.detach(|| guarded(|| inside.next_event(Some(Duration::ZERO)))))
        } else {
            py.detach(|| guarded(|| inside.next_event(left)))
        };
        py.detach(move || drop(inside));
        match told {
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

/// Whether events wait, or will never come again. For who must not take one and then find that nobody wants it any more.
pub(crate) fn wait_for_events(client: &Client, py: Python<'_>, seconds: f64) -> PyResult<bool> {
    let end = end(py, Some(seconds))?;
    let sign = Arc::clone(&client.sign);
    client.call(py, move |inside| {
        sign.show_events_of(inside)?;
        Ok(())
    })?;
    let sign = Arc::clone(&client.sign);
    Ok(py.detach(move || sign.wait(end)))
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
