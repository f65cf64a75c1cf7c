//! The life of an application: signing in, changing, cancelling, signing out, freeing.

use super::config::ucwa_config;
use super::descriptor::Descriptor;
use super::guard::{guard, guard_free, guard_network};
use super::handle::{Handle, borrow, give, take_back};
use super::{UCWA_OK, text, ucwa_status};
use crate::client::Client;
use crate::error::Result;
use crate::live::Flag;
use once_cell::sync::OnceCell;
use std::ffi::c_char;
use std::sync::Arc;

/// A signed-in UCWA application. Any number of threads may use it at once; only freeing is one thread's
/// alone.
pub struct ucwa_application(Handle<Opened>);

/// What stands behind the handle.
pub(super) struct Opened {
    client: Client,
    descriptor: OnceCell<Arc<Descriptor>>,
}

impl Opened {
    /// What shows that events wait; made at the first call.
    pub fn descriptor(&self) -> Result<isize> {
        let made = self.descriptor.get_or_try_init(|| Descriptor::new().map(Arc::new))?;
        self.client.show_events_by(|| Ok(Arc::clone(made) as Arc<dyn Flag>))?;
        Ok(made.number() as isize)
    }
}

/// Finds the user's server, signs in there and creates an application, or attaches to the one that
/// `application_url` names.
///
/// UCWA: autodiscover, user, applications, application.
///
/// @param config How to sign in. It is copied: to change or free it later does not change the application.
/// @return The application; free it with ucwa_application_free. NULL on a failure. Worth acting on:
///         UCWA_AUTHENTICATION_FAILED (ask the user for the password again), UCWA_DISCOVERY_FAILED (the
///         address, or `discovery_url`), UCWA_TLS (`ca_file`), UCWA_INVALID_CONFIG (what is missing),
///         UCWA_SIGN_IN_ELSEWHERE, UCWA_NETWORK and UCWA_TIMEOUT (try again later).
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_sign_in(config: *const ucwa_config) -> *mut ucwa_application {
    // SAFETY: the handle is live.
    guard_network(|| unsafe {
        // A copy, so that a setter does not wait for the network.
        let config = borrow(config, "config")?.read()?.clone();
        let opened = Opened { client: Client::sign_in(&config)?, descriptor: OnceCell::new() };
        Ok(give(ucwa_application(Handle::new(opened))))
    })
}

/// The application itself.
///
/// UCWA: application.
///
/// @param application The application.
/// @return An owned JSON text, `{"href":"...","endpointId":"...","culture":"...","userAgent":"...",...}`:
///         with `href` as `application_url` and `endpointId` as `endpoint_id` another configuration attaches
///         to the same application. Free it with ucwa_string_free. NULL on a failure.
///
/// Threads: any. It blocks up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_get_application(application: *mut ucwa_application) -> *mut c_char {
    // SAFETY: the handle is live.
    guard_network(|| unsafe {
        let client = client(application)?;
        text::give(client.get_application()?)
    })
}

/// Changes a configuration key of a signed-in application, such as a password that was renewed.
///
/// @param application The application.
/// @param key `password`, `access_token`, `timeout_ms`, `connect_timeout_ms` or `max_retries`.
/// @param value UTF-8; NULL puts the key back to its default.
/// @return UCWA_OK. UCWA_INVALID_CONFIG for any other key or an unusable value: the message says what is
///         allowed.
///
/// Threads: any. It does not block; calls under way keep what they began with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_application_set(application: *mut ucwa_application, key: *const c_char, value: *const c_char) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard(|| unsafe {
        let client = client(application)?;
        client.set(text::required(key, "key")?, text::value(value)?)?;
        Ok(UCWA_OK)
    })
}

/// Ends every use of the application, for good: what waits in other threads returns within 100 ms, and that
/// and every later call fails with UCWA_CANCELLED. The application stays on the server until it expires
/// there.
///
/// @param application The application.
/// @return UCWA_OK, also where it was cancelled before.
///
/// Threads: any, at any time before ucwa_application_free. It does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_application_cancel(application: *mut ucwa_application) -> ucwa_status {
    // SAFETY: the handle is live.
    guard_network(|| unsafe {
        client(application)?.cancel();
        Ok(UCWA_OK)
    })
}

/// Deletes the application on the server. Afterwards every call fails with UCWA_CANCELLED; the handle is
/// still to be freed.
///
/// UCWA: application (DELETE).
///
/// @param application The application.
/// @return UCWA_OK, also where the server has forgotten the application already.
///
/// Threads: any. It blocks up to `timeout_ms`; what waits in other threads is cancelled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_sign_out(application: *mut ucwa_application) -> ucwa_status {
    // SAFETY: the handle is live.
    guard_network(|| unsafe {
        client(application)?.sign_out()?;
        Ok(UCWA_OK)
    })
}

/// Frees an application. It does not sign out: the application stays on the server until it expires there,
/// and can be attached to again.
///
/// @param application The application, used by no thread any more (ucwa_application_cancel makes them
///        return); NULL is ignored. The last error stays as it is.
///
/// Threads: one, once, and not from a callback of this application. It returns within 100 ms, but that it waits
/// for an event callback that runs, and for a token callback that runs on a thread of the library. After it no
/// thread of the library runs for this application, but one that may wait for the system's name resolution.
/// In a forked child an inherited application is let go of, and goes on in the parent. If the program has closed the
/// library's descriptors before (closefrom), it returns as soon, and closes none of the program's; calls that wait then
/// fail with UCWA_CANCELLED. A thread that waited for events may go on for some minutes, and uses nothing of the program.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_application_free(application: *mut ucwa_application) {
    // SAFETY: NULL, or a handle that is used by nobody any more.
    guard_free(|| unsafe { take_back(application) });
}

/// The facade behind a handle.
///
/// # Safety
/// The handle is NULL, or live for as long as the reference is.
pub(super) unsafe fn client<'a>(application: *const ucwa_application) -> Result<&'a Client> {
    // SAFETY: the caller's promise.
    unsafe { opened(application) }.map(|opened| &opened.client)
}

/// What stands behind a handle.
///
/// # Safety
/// As for [`client`].
pub(super) unsafe fn opened<'a>(application: *const ucwa_application) -> Result<&'a Opened> {
    // SAFETY: the caller's promise.
    unsafe { borrow(application, "application") }?.0.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_may_be_used_by_any_thread() {
        fn by_any_thread<T: Send + Sync>() {}
        by_any_thread::<ucwa_application>();
        by_any_thread::<ucwa_config>();
    }
}
