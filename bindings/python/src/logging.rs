//! The library's log, handed to the Python logger `ucwa`.

use crate::gate;
use log::{Level, LevelFilter, Log, Metadata, Record};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use std::cell::RefCell;

/// One record, on its way to Python.
pub(crate) struct Line {
    level: u32,
    target: String,
    line: u32,
    message: String,
}

struct Bridge;

static BRIDGE: Bridge = Bridge;

type HandOn = Box<dyn Fn(Line)>;

thread_local! {
    /// Where this thread's lines go, while it works for another one.
    static HAND_ON: RefCell<Option<HandOn>> = const { RefCell::new(None) };
}

/// Takes over the log of this copy of the library; there is no other user of it.
pub(crate) fn install() {
    // The module is made a second time where it was removed and imported again: the bridge is there then.
    let _ = log::set_logger(&BRIDGE);
}

/// Takes the level that the Python logger has now, so that what nobody wants is not even put into words.
pub(crate) fn follow(py: Python<'_>) -> PyResult<()> {
    let level: u32 = logger(py)?.call_method0("getEffectiveLevel")?.extract()?;
    log::set_max_level(match level {
        0..=5 => LevelFilter::Trace,
        6..=10 => LevelFilter::Debug,
        11..=20 => LevelFilter::Info,
        21..=30 => LevelFilter::Warn,
        31..=40 => LevelFilter::Error,
        _ => LevelFilter::Off,
    });
    Ok(())
}

/// Works while this thread's lines go to `hand_on`: to the thread that waits for the work, which need not give up
/// Python for it and has a name that people know.
pub(crate) fn handing_on<T>(hand_on: impl Fn(Line) + 'static, work: impl FnOnce() -> T) -> T {
    HAND_ON.set(Some(Box::new(hand_on)));
    let result = work();
    HAND_ON.take();
    result
}

/// Writes a line to the Python logger. What goes wrong in a handler is no failure of the call; what somebody raises to end
/// the program, such as KeyboardInterrupt, is passed on.
pub(crate) fn write(py: Python<'_>, line: &Line) -> PyResult<()> {
    match try_write(py, line) {
        Err(error) if error.is_instance_of::<PyException>(py) => {
            error.write_unraisable(py, None);
            Ok(())
        }
        done => done,
    }
}

fn try_write(py: Python<'_>, line: &Line) -> PyResult<()> {
    let logger = logger(py)?;
    if !logger.call_method1("isEnabledFor", (line.level,))?.is_truthy()? {
        return Ok(());
    }
    let extra = PyDict::new(py);
    extra.set_item("target", &line.target)?;
    let (no_arguments, none) = (pyo3::types::PyTuple::empty(py), py.None());
    let arguments = ("ucwa", line.level, &line.target, line.line, &line.message, no_arguments, &none, &none, extra);
    let record = logger.call_method1("makeRecord", arguments)?;
    logger.call_method1("handle", (record,))?;
    Ok(())
}

fn logger(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static LOGGER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let logger = LOGGER.get_or_try_init(py, || PyResult::Ok(py.import("logging")?.call_method1("getLogger", ("ucwa",))?.unbind()))?;
    Ok(logger.bind(py))
}

impl Log for Bridge {
    /// The library's own records; those of its dependencies could hold what must not be shown.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        metadata.level() <= log::max_level() && (target == "ucwa" || target.starts_with("ucwa::"))
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = Line {
            level: match record.level() {
                Level::Error => 40,
                Level::Warn => 30,
                Level::Info => 20,
                Level::Debug => 10,
                Level::Trace => 5,
            },
            target: record.target().replace("::", "."),
            line: record.line().unwrap_or_default(),
            message: record.args().to_string(),
        };
        let mut line = Some(line);
        // A thread that ends may have lost its mark; it works for nobody then.
        let _ = HAND_ON.try_with(|hand_on| {
            if let Some(hand_on) = hand_on.borrow().as_ref()
                && let Some(line) = line.take()
            {
                hand_on(line);
            }
        });
        if let Some(line) = line {
            // Every call lets go of Python before it enters the library, so that nobody who holds Python waits for this
            // thread. An interpreter that is ending takes no more lines.
            gate::enter(|py| write(py, &line).unwrap_or_else(|error| error.write_unraisable(py, None)));
        }
    }

    fn flush(&self) {}
}
