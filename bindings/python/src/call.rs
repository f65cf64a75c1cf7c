//! How a call waits: other Python threads run meanwhile, and Ctrl-C ends the waiting.

use crate::failure;
use crate::helper::Helper;
use crate::logging::{self, Line};
use crate::tally::Tally;
use crate::token_callback::watched;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use ucwa::{Error, Result, Status};

/// How long Ctrl-C may go unnoticed.
pub(crate) const SLICE: Duration = Duration::from_millis(50);
/// How long an interpreter that ends waits for what has to be undone. Servers answer sooner.
const FAREWELL: Duration = Duration::from_secs(5);

/// A call that is ready to be made.
pub(crate) struct Call<W, D> {
    pub work: W,
    /// Takes what nobody waits for any more, as Ctrl-C came first. It holds nothing that must not be released while
    /// holding Python.
    pub discard: D,
    /// Whether an interpreter that ends waits for that.
    pub leaves_traces: bool,
}

/// What a call came to, and what the token callback raised meanwhile.
type Outcome<T> = (Result<T>, Option<PyErr>);

/// What a helper thread tells the one that waits for it.
enum News<T, D> {
    /// A line of the log, to be written by the thread that made the call.
    Line(Line),
    Done(Outcome<T>, D),
}

impl<T, D> News<T, D> {
    fn done(self) -> Option<(Outcome<T>, D)> {
        match self {
            News::Done(outcome, discard) => Some((outcome, discard)),
            News::Line(_) => None,
        }
    }
}

/// The interrupted calls that leave traces and are still under way.
static UNFINISHED: Tally = Tally::new();

/// Makes a call that may wait. It is prepared when no Python code runs any more before Python is let go of: what the call
/// holds may be the last of an application, which nobody releases while holding Python.
pub(crate) fn blocking<T, W, D>(py: Python<'_>, prepare: impl FnOnce() -> Result<Call<W, D>>) -> PyResult<T>
where
    T: Send + 'static,
    W: FnOnce() -> Result<T> + Send + 'static,
    D: FnOnce(T) + Send + 'static,
{
    logging::follow(py)?;
    let in_main_thread = is_main_thread(py)?;
    let call = prepare().map_err(|error| failure::raise(py, &error))?;
    let (outcome, raised) = match in_main_thread {
        true => interruptible(py, call)?,
        false => py.detach(move || watched(|| guarded(call.work))),
    };
    outcome.map_err(|error| {
        let exception = failure::raise(py, &error);
        if let Some(cause) = raised.filter(|_| error.status() == Status::AuthenticationFailed) {
            exception.set_cause(py, Some(cause));
        }
        exception
    })
}

/// Python runs signal handlers on its main thread alone, so that only there somebody has to look for them. The call
/// itself goes on on a helper thread, and if it is interrupted ends there by itself.
fn interruptible<T, W, D>(py: Python<'_>, call: Call<W, D>) -> PyResult<Outcome<T>>
where
    T: Send + 'static,
    W: FnOnce() -> Result<T> + Send + 'static,
    D: FnOnce(T) + Send + 'static,
{
    let lost = |why: String| Ok((Err(Error::new(Status::Internal, format!("there is no thread for the call: {why}"))), None));
    let helper = match Helper::take() {
        Ok(helper) => helper,
        Err(error) => {
            py.detach(move || drop(call));
            return lost(error.to_string());
        }
    };
    let Call { work, discard, leaves_traces } = call;
    let (tell, told) = channel::<News<T, D>>();
    let abandoned = Arc::new(Mutex::new(false));
    let abandoned_by_then = Arc::clone(&abandoned);
    let job = move || {
        let lines = tell.clone();
        let hand_on = move |line| drop(lines.send(News::Line(line)));
        let outcome = logging::handing_on(hand_on, || watched(|| guarded(work)));
        // Held while it is told: the outcome is either taken or discarded.
        let abandoned = abandoned_by_then.lock().unwrap_or_else(PoisonError::into_inner);
        if *abandoned {
            drop(abandoned);
            undo(outcome, discard, leaves_traces);
        } else {
            let _ = tell.send(News::Done(outcome, discard));
        }
    };
    let mut turn = py.detach(move || {
        helper.run(job);
        wait(helper, told)
    });
    loop {
        let (helper, told, news) = turn;
        let (goes_on, done) = match news {
            Ok(News::Line(line)) => (logging::write(py, &line), None),
            // Once more: whoever is interrupted on the way back gets nothing, either.
            Ok(News::Done(outcome, discard)) => (py.check_signals(), Some((outcome, discard))),
            Err(RecvTimeoutError::Timeout) => (py.check_signals(), None),
            Err(RecvTimeoutError::Disconnected) => return lost("it has ended".to_owned()),
        };
        if let Err(error) = goes_on {
            if leaves_traces {
                UNFINISHED.add();
            }
            py.detach(move || {
                let mut abandoned = abandoned.lock().unwrap_or_else(PoisonError::into_inner);
                *abandoned = true;
                // The call keeps its thread, which ends with it; or it was done just now.
                let done = done.or_else(|| told.try_iter().find_map(News::done));
                if let Some((outcome, discard)) = done {
                    helper.run(move || undo(outcome, discard, leaves_traces));
                }
            });
            return Err(error);
        }
        if let Some((outcome, _)) = done {
            helper.give_back();
            return Ok(outcome);
        }
        turn = py.detach(move || wait(helper, told));
    }
}

type Turn<N> = (Helper, Receiver<N>, std::result::Result<N, RecvTimeoutError>);

/// The receiver goes in and comes out: it is used by one thread at a time.
fn wait<N>(helper: Helper, told: Receiver<N>) -> Turn<N> {
    let news = told.recv_timeout(SLICE);
    (helper, told, news)
}

fn undo<T>((result, _): Outcome<T>, discard: impl FnOnce(T), leaves_traces: bool) {
    if let Ok(value) = result {
        // It must not panic here.
        let _ = guarded(|| {
            discard(value);
            Ok(())
        });
    }
    if leaves_traces {
        UNFINISHED.remove();
    }
}

/// Waits a while for interrupted calls to be undone. To be called before the interpreter ends, and with it their threads.
pub(crate) fn finish(py: Python<'_>) -> PyResult<()> {
    let end = Instant::now() + FAREWELL;
    while UNFINISHED.count() > 0 && Instant::now() < end {
        py.detach(|| std::thread::sleep(Duration::from_millis(1)));
        py.check_signals()?;
    }
    Ok(())
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
