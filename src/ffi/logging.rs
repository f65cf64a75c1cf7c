//! What the library tells of its work.

use super::guard::guard;
use super::{UCWA_OK, text, ucwa_status};
use crate::error::{Error, Status};
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{PoisonError, RwLock};

/// Log level: what failed.
pub const UCWA_LOG_ERROR: i32 = 1;
/// Log level: what went on in spite of a trouble.
pub const UCWA_LOG_WARN: i32 = 2;
/// Log level: sign-ins, tokens, requests that are repeated.
pub const UCWA_LOG_INFO: i32 = 3;
/// Log level: every request.
pub const UCWA_LOG_DEBUG: i32 = 4;
/// Log level: everything.
pub const UCWA_LOG_TRACE: i32 = 5;

/// Takes one line of the library's log. No line ever holds a password or a token.
///
/// It runs on whatever thread the line arises on, perhaps on several at once, and should be quick. It calls
/// no function of this library and returns by itself: no longjmp, no C++ exception. On the library's own
/// threads all signals are blocked: it is no place to start programs from.
///
/// @param level UCWA_LOG_ERROR to UCWA_LOG_TRACE.
/// @param target The part of the library, beginning with "ucwa"; borrowed for the call.
/// @param message One line of UTF-8; borrowed for the call.
/// @param user_data What was set together with the callback.
pub type ucwa_log_callback =
    Option<unsafe extern "C" fn(level: i32, target: *const c_char, message: *const c_char, user_data: *mut c_void)>;

/// Sets the callback that takes the library's log, for the whole process. Without one the library tells
/// nothing.
///
/// @param max_level The most detailed level wanted, UCWA_LOG_ERROR to UCWA_LOG_TRACE; 0 for none.
/// @param callback The callback; NULL removes the one that is set.
/// @param user_data Handed to the callback; may be NULL. It belongs to the caller.
/// @return UCWA_OK: the former callback runs no more. UCWA_INVALID_ARGUMENT for any other level.
///         UCWA_CONFLICT where the library is part of a Rust program with a logger of its own, or when called
///         from within the callback.
///
/// Threads: any. It waits for a callback that runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_set_log_callback(max_level: i32, callback: ucwa_log_callback, user_data: *mut c_void) -> ucwa_status {
    guard(|| {
        let level = match max_level {
            0 => LevelFilter::Off,
            UCWA_LOG_ERROR => LevelFilter::Error,
            UCWA_LOG_WARN => LevelFilter::Warn,
            UCWA_LOG_INFO => LevelFilter::Info,
            UCWA_LOG_DEBUG => LevelFilter::Debug,
            UCWA_LOG_TRACE => LevelFilter::Trace,
            _ => return Err(Error::argument(format!("max_level is {max_level}; it may be 0 to {UCWA_LOG_TRACE}"))),
        };
        install(level, callback.map(|callback| Sink { callback, user_data }))?;
        Ok(UCWA_OK)
    })
}

struct Sink {
    callback: unsafe extern "C" fn(i32, *const c_char, *const c_char, *mut c_void),
    user_data: *mut c_void,
}

// SAFETY: the manual asks of the host that the callback and its data may be used on any thread.
unsafe impl Send for Sink {}
// SAFETY: as above.
unsafe impl Sync for Sink {}

/// Held for reading while the callback runs, so that whoever replaces it waits.
struct Logger(RwLock<Option<Sink>>);

static LOGGER: Logger = Logger(RwLock::new(None));

thread_local! {
    /// This thread is inside the callback; to take the lock again could wait for ever.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

fn install(level: LevelFilter, sink: Option<Sink>) -> crate::error::Result<()> {
    if INSIDE.get() {
        return Err(Error::new(Status::Conflict, "the log callback cannot replace itself"));
    }
    let ours = || std::ptr::addr_eq(log::logger(), &raw const LOGGER);
    if !ours() && log::set_logger(&LOGGER).is_err() && !ours() {
        return Err(Error::new(Status::Conflict, "this process has another logger for Rust code; the library's records go there"));
    }
    let level = if sink.is_some() { level } else { LevelFilter::Off };
    let mut current = LOGGER.0.write().unwrap_or_else(PoisonError::into_inner);
    *current = sink;
    log::set_max_level(level);
    Ok(())
}

/// The library's own records; those of its dependencies could hold what must not be shown.
fn is_own(target: &str) -> bool {
    target == "ucwa" || target.starts_with("ucwa::")
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_own(metadata.target()) && metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        // A thread that ends may have lost the mark already; it is not inside then.
        let inside = INSIDE.try_with(|inside| inside.replace(true)).unwrap_or(false);
        if inside {
            return;
        }
        if self.enabled(record.metadata()) {
            // A record that panics while it is printed must not take the library's thread along.
            let _ = catch_unwind(AssertUnwindSafe(|| self.forward(record)));
        }
        let _ = INSIDE.try_with(|inside| inside.set(false));
    }

    fn flush(&self) {}
}

impl Logger {
    fn forward(&self, record: &Record<'_>) {
        let sink = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(sink) = sink.as_ref() else { return };
        let level = match record.level() {
            Level::Error => UCWA_LOG_ERROR,
            Level::Warn => UCWA_LOG_WARN,
            Level::Info => UCWA_LOG_INFO,
            Level::Debug => UCWA_LOG_DEBUG,
            Level::Trace => UCWA_LOG_TRACE,
        };
        let (target, message) = (text::c_string(record.target()), text::c_string(&record.args().to_string()));
        // SAFETY: the texts outlive the call; the host gave the callback and its data together.
        unsafe { (sink.callback)(level, target.as_ptr(), message.as_ptr(), sink.user_data) }
    }
}
