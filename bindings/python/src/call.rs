//! How a call waits: other Python threads run meanwhile, and Ctrl-C ends the waiting.

use crate::failure;
use crate::helper::Helper;
use crate::logging::{self, Line};
use crate::token_callback::Raised;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;
use ucwa::{Error, Result, Status};

/// How long Ctrl-C may go unnoticed.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

/// What a helper thread tells the one that waits for it.
pub(crate) enum News<T> {
    /// A line of the log, to be written by the thread that made the call.
    Line(Line),
    Done(Result<T>),
}

/// Makes a call that may wait. What nobody waits for any more, as Ctrl-C came first, goes to `discard`.
pub(crate) fn blocking<T: Send + 'static>(
    py: Python<'_>,
    raised: &Raised,
    work: impl FnOnce() -> Result<T> + Send + 'static,
    discard: impl FnOnce(T) + Send + 'static,
) -> PyResult<T> {
    logging::follow(py)?;
    let outcome = if is_main_thread(py)? { interruptible(py, work, discard)? } else { py.detach(|| guarded(work)) };
    let cause = raised.take();
    outcome.map_err(|error| {
        let exception = failure::raise(py, &error);
        if let Some(cause) = cause.filter(|_| error.status() == Status::AuthenticationFailed) {
            exception.set_cause(py, Some(cause));
        }
        exception
    })
}

/// Python runs signal handlers on its main thread alone, so that only there somebody has to look for them. The call
/// itself goes on on a helper thread, and if it is interrupted ends there by itself.
fn interruptible<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
    discard: impl FnOnce(T) + Send + 'static,
) -> PyResult<Result<T>> {
    let (tell, mut told) = channel::<News<T>>();
    let lost = |why: String| Ok(Err(Error::new(Status::Internal, format!("there is no thread for the call: {why}"))));
    let helper = match Helper::take() {
        Ok(helper) => helper,
        Err(error) => return lost(error.to_string()),
    };
    let given = helper.run(move || {
        let lines = tell.clone();
        let outcome = logging::handing_on(move |line| drop(lines.send(News::Line(line))), || guarded(work));
        if let Err(unheard) = tell.send(News::Done(outcome))
            && let News::Done(Ok(value)) = unheard.0
        {
            discard(value);
        }
    });
    if !given {
        return lost("it has ended".to_owned());
    }
    loop {
        let news;
        (told, news) = py.detach(move || wait(told));
        match news {
            Ok(News::Done(outcome)) => {
                helper.give_back();
                return Ok(outcome);
            }
            Ok(News::Line(line)) => logging::write(py, &line),
            // Interrupted, the call keeps its thread, which ends with it.
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => return lost("it ended without a word".to_owned()),
        }
    }
}

/// The receiver goes in and comes out: it is used by one thread at a time.
fn wait<T>(told: Receiver<News<T>>) -> (Receiver<News<T>>, std::result::Result<News<T>, RecvTimeoutError>) {
    let news = told.recv_timeout(SLICE);
    (told, news)
}

/// A defect of the library becomes a failure, as at the C ABI.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Err(Error::new(Status::Internal, format!("a defect of the library: {}", text.unwrap_or("a panic without a text"))))
    })
}

pub(crate) fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    static CURRENT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static MAIN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let current = CURRENT.import(py, "threading", "get_ident")?.call0()?;
    let main = MAIN.import(py, "threading", "main_thread")?.call0()?.getattr("ident")?;
    current.eq(main)
}
