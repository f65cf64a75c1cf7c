//! The way into Python for threads that may outlive the interpreter: the library's own, which log and call back.
//!
//! A thread that is in Python when the interpreter ends is torn down by some versions of it, through the library's frames,
//! and takes the process with it. So the gate is closed before, at exit, and whoever is inside is waited for.

use pyo3::prelude::*;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

static CLOSED: AtomicBool = AtomicBool::new(false);

/// How many are inside, in the lower half. The upper one is the process that they belong to: those that a forked child
/// finds there are its parent's.
static INSIDE: AtomicU64 = AtomicU64::new(0);

const COUNT: u64 = 0xFFFF_FFFF;

/// Works inside Python; None where that is not to be had any more.
pub(crate) fn enter<T>(work: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    count(|inside| inside + 1);
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
    while inside() > 0 {
        py.detach(|| std::thread::sleep(GLANCE));
        py.check_signals()?;
    }
    Ok(())
}

/// Whether somebody was still inside when the interpreter had to end, and will never come out.
pub(crate) fn holds_somebody() -> bool {
    CLOSED.load(SeqCst) && inside() > 0
}

struct Inside;

impl Drop for Inside {
    fn drop(&mut self) {
        count(|inside| inside.saturating_sub(1));
    }
}

fn inside() -> u64 {
    count(|inside| inside)
}

/// Changes the number, and tells what it is then.
fn count(change: impl Fn(u64) -> u64) -> u64 {
    let process = u64::from(process::id()) << 32;
    let changed = |before: u64| process | change(if before & !COUNT == process { before & COUNT } else { 0 });
    let before = INSIDE.fetch_update(SeqCst, SeqCst, |before| Some(changed(before)));
    changed(before.unwrap_or_else(|unchanged| unchanged)) & COUNT
}
