//! The way into Python for threads that may outlive the interpreter: the library's own, which log and call back.
//!
//! A thread that is in Python when the interpreter ends is torn down by some versions of it, through the library's frames,
//! and takes the process with it. So the gate is closed before, at exit, and whoever is inside is waited for.

use crate::tally::Tally;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

static CLOSED: AtomicBool = AtomicBool::new(false);

static INSIDE: Tally = Tally::new();

/// Works inside Python; None where that is not to be had any more.
pub(crate) fn enter<T>(work: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    INSIDE.add();
    let _inside = Inside;
    if CLOSED.load(SeqCst) {
        return None;
    }
    Python::try_attach(work)
}

/// Lets nobody in any more, and waits until the last one has left.
pub(crate) fn close(py: Python<'_>) -> PyResult<()> {
    const GLANCE: Duration = Duration::from_millis(1);
    CLOSED.store(true, SeqCst);
    while INSIDE.count() > 0 {
        py.detach(|| std::thread::sleep(GLANCE));
        py.check_signals()?;
    }
    Ok(())
}

/// Whether somebody was still inside when the interpreter had to end, and will never come out.
pub(crate) fn holds_somebody() -> bool {
    CLOSED.load(SeqCst) && INSIDE.count() > 0
}

struct Inside;

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.remove();
    }
}
