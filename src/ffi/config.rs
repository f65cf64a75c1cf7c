//! How to sign in.

use super::callback::{UserData, token_callback, ucwa_token_callback};
use super::guard::{guard, guard_free};
use super::handle::{Handle, borrow, give, take_back};
use super::{UCWA_OK, text, ucwa_status};
use crate::config::Config;
use crate::error::Result;
use std::ffi::{c_char, c_void};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// How to sign in: a value for each configuration key, and perhaps a token callback.
///
/// Any number of threads may read it or sign in with it at once; while one changes or frees it, no other uses
/// it.
pub struct ucwa_config(Handle<RwLock<Config>>);

/// Makes a configuration in which every key has its default.
///
/// @return The configuration; free it with ucwa_config_free. NULL only on UCWA_INTERNAL.
///
/// Threads: any. It does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_config_new() -> *mut ucwa_config {
    guard(|| Ok(give(ucwa_config(Handle::new(RwLock::new(Config::new()))))))
}

/// Sets a configuration key. The value is checked at once and copied.
///
/// @param config The configuration.
/// @param key One of the keys in the table at the top of this header.
/// @param value UTF-8; NULL puts the key back to its default.
/// @return UCWA_OK. UCWA_INVALID_CONFIG for an unknown key or an unusable value: the message says what is
///         allowed. UCWA_UNSUPPORTED for what this build does not hold. On a failure the key keeps its value.
///
/// Threads: one at a time. It reads the file that it is given, and else does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_config_set(config: *mut ucwa_config, key: *const c_char, value: *const c_char) -> ucwa_status {
    // SAFETY: the handle is live; the texts are NULL or end with NUL.
    guard(|| unsafe {
        let config = borrow(config, "config")?;
        let (key, value) = (text::required(key, "key")?, text::value(value)?);
        config.change()?.set(key, value)?;
        Ok(UCWA_OK)
    })
}

/// Reads a configuration key.
///
/// @param config The configuration.
/// @param key One of the keys in the table at the top of this header.
/// @return An owned text: what was set, else the default, else the empty text; free it with ucwa_string_free.
///         NULL on a failure: UCWA_FORBIDDEN for a secret, UCWA_INVALID_CONFIG for an unknown key.
///
/// Threads: any, while none changes the configuration. It does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_config_get(config: *const ucwa_config, key: *const c_char) -> *mut c_char {
    // SAFETY: the handle is live; the text is NULL or ends with NUL.
    guard(|| unsafe {
        let config = borrow(config, "config")?;
        let key = text::required(key, "key")?;
        text::give(config.read()?.get(key)?)
    })
}

/// The table of configuration keys that this build knows.
///
/// @return An owned JSON text,
///         `[{"key":"...","default":"...","values":"...","secret":false,"description":"..."},...]`, `default`
///         being null where there is none; free it with ucwa_string_free. NULL only on UCWA_INTERNAL.
///
/// Threads: any. It does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_config_keys() -> *mut c_char {
    guard(|| text::give(Config::keys()))
}

/// Sets the callback that is asked for a bearer token whenever one is needed.
///
/// What is signed in with the configuration keeps the callback that was set then, whatever happens to the
/// configuration.
///
/// @param config The configuration.
/// @param callback The callback; NULL removes the one that is set.
/// @param user_data Handed to the callback; may be NULL. The callback may run on any thread, and on several
///        at once.
/// @param destroy Called exactly once with `user_data`, on any thread, when neither the configuration nor an
///        application that was signed in with it needs the callback any more (at once, where `callback` is
///        NULL); may be NULL.
/// @return UCWA_OK: from then on `user_data` belongs to the library. On a failure it still belongs to the
///         caller, and `destroy` is not called.
///
/// Threads: one at a time. It does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_config_set_token_callback(
    config: *mut ucwa_config,
    callback: ucwa_token_callback,
    user_data: *mut c_void,
    destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
) -> ucwa_status {
    // SAFETY: the handle is live; callback, data and destructor belong together and suit any thread.
    guard(|| unsafe {
        let config = borrow(config, "config")?;
        config.check()?;
        // From here on the data is the library's. Its destructor runs outside the lock: it may use this configuration.
        let data = UserData::lent(user_data, destroy);
        data.take_over();
        let callback = token_callback(callback, data);
        let mut locked = config.change()?;
        let former = locked.token_callback().cloned();
        locked.set_token_callback(callback);
        drop(locked);
        drop(former);
        Ok(UCWA_OK)
    })
}

/// Frees a configuration. What was signed in with it goes on.
///
/// @param config The configuration, used by no thread any more; NULL is ignored. The last error stays as it
///        is.
///
/// Threads: one, once. It does not block. In a forked child an inherited configuration is let go of without
/// calling `destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucwa_config_free(config: *mut ucwa_config) {
    // SAFETY: NULL, or a handle that is used by nobody any more.
    guard_free(|| unsafe { take_back(config) });
}

impl ucwa_config {
    fn check(&self) -> Result<()> {
        self.0.get().map(drop)
    }

    pub(super) fn read(&self) -> Result<RwLockReadGuard<'_, Config>> {
        Ok(self.0.get()?.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self) -> Result<RwLockWriteGuard<'_, Config>> {
        Ok(self.0.get()?.write().unwrap_or_else(PoisonError::into_inner))
    }
}
