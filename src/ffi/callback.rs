//! Callbacks of the host, and the data that belongs to them.

use super::text;
use crate::config::TokenCallback;
use crate::live::EventCallback;
use crate::secret::Secret;
use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks the host for a bearer token: called when a server asks for one, and anew when it refuses the last
/// one.
///
/// It runs on the thread whose call needs the token, in one thread of an application at a time; where the
/// library itself needs one, for live presence or to report activity, on a thread of the library, with the
/// signal mask of the call that started that. Then SIGPIPE is blocked, as within every call. The call
/// waits for it, beyond its `timeout_ms` if need be; ucwa_application_cancel does not interrupt it, and
/// ucwa_application_free waits for it. It may call any function but ucwa_application_free on the application
/// that asks, and wait for no thread that does; a call that needs the very token fails with UCWA_CONFLICT.
/// It must return by itself: no longjmp, no C++ exception.
///
/// @param challenge_json What the server asks for, borrowed for the call:
///        `{"url":"https://host/...","host":"https://host","tokenUrl":"https://host/...","grants":["..."],"reason":"challenged"}`.
///        The reason is `refused` where the last token was not taken; `tokenUrl` is absent where the server
///        names none.
/// @param user_data What was set together with the callback.
/// @return ucwa_string_new(token), without "Bearer "; the library frees and wipes it. NULL where there is
///         none: the call that needs it fails with UCWA_AUTHENTICATION_FAILED.
pub type ucwa_token_callback = Option<unsafe extern "C" fn(challenge_json: *const c_char, user_data: *mut c_void) -> *mut c_char>;

/// Takes an event: see ucwa_next_event for what it may be.
///
/// It runs on a thread of the library that does nothing else, one event after the other, in order; while it runs, the
/// next ones wait. It may call any function, and read from the server, but not ucwa_application_free on its own
/// application, and it waits for no thread that frees that or replaces the callback. Its signal mask is that of the thread
/// that set it, so that programs which it starts inherit nothing of the library's. It must return by itself: no longjmp,
/// no C++ exception.
///
/// @param event_json The event; borrowed for the call.
/// @param user_data What was set together with the callback.
pub type ucwa_event_callback = Option<unsafe extern "C" fn(event_json: *const c_char, user_data: *mut c_void)>;

/// A pointer of the host, with what it wants to be done when nobody needs it any more.
pub(super) struct UserData {
    pointer: *mut c_void,
    destroy: Option<unsafe extern "C" fn(*mut c_void)>,
    /// Whether it belongs to the library by now.
    taken: AtomicBool,
}

impl UserData {
    /// Data that still is the host's.
    pub fn lent(pointer: *mut c_void, destroy: Option<unsafe extern "C" fn(*mut c_void)>) -> UserData {
        UserData { pointer, destroy, taken: AtomicBool::new(false) }
    }

    /// From now on it is the library's to destroy.
    pub fn take_over(&self) {
        self.taken.store(true, Ordering::SeqCst);
    }
}

// SAFETY: the manual asks of the host that its data may be used and destroyed on any thread.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy.filter(|_| *self.taken.get_mut()) {
            // SAFETY: the host gave both together; nobody uses the pointer after its last owner is gone.
            unsafe { destroy(self.pointer) }
        }
    }
}

/// Dresses a C callback as the one that the library knows. Without a callback the data is destroyed at once.
pub(super) fn token_callback(callback: ucwa_token_callback, user_data: UserData) -> Option<TokenCallback> {
    let callback = callback?;
    Some(Arc::new(move |challenge: &str| {
        // The whole of it moves in here, with its destructor.
        let user_data: &UserData = &user_data;
        let challenge = text::c_string(challenge);
        // SAFETY: the challenge outlives the call; the host gave the callback and its data together.
        let token = unsafe { callback(challenge.as_ptr(), user_data.pointer) };
        if token.is_null() {
            return None;
        }
        // SAFETY: the manual asks for a text made by ucwa_string_new, which is handed over.
        unsafe { text::take_secret(token) }.map(Secret::new)
    }))
}

/// Dresses a C callback as the one that the library knows.
pub(super) fn event_callback(callback: ucwa_event_callback, user_data: Arc<UserData>) -> Option<EventCallback> {
    let callback = callback?;
    Some(Arc::new(move |event: &str| {
        // The whole of it moves in here, with its destructor.
        let user_data: &UserData = &user_data;
        let event = text::c_string(event);
        // SAFETY: the event outlives the call; the host gave the callback and its data together.
        unsafe { callback(event.as_ptr(), user_data.pointer) }
    }))
}
