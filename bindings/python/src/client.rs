//! The facade once more, for Python: the same methods, without `get_`.

use crate::call::{Call, blocking};
use crate::{event_callback, failure, gate, live, token_callback};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::{mem, process};
use ucwa::{Config, Error, Photo, Result, Status};

/// A signed-in application. What reads returns JSON text.
#[pyclass(frozen, module = "ucwa._ucwa")]
pub(crate) struct Client {
    /// None once it is closed.
    inside: Mutex<Option<Arc<ucwa::Client>>>,
    /// A forked child must not touch the inside: the threads that it relies on are not there.
    process: u32,
    /// How many threads wait for an event: the main thread does so by turns, and is waiting in between as well.
    waiting: AtomicUsize,
    /// Shows that events wait, where somebody has asked.
    #[cfg(unix)]
    descriptor: Arc<Mutex<Option<Arc<ucwa::EventDescriptor>>>>,
}

/// Signs in with these configuration keys.
#[pyfunction]
#[pyo3(signature = (settings, token_callback=None))]
pub(crate) fn sign_in(py: Python<'_>, settings: Vec<(String, String)>, token_callback: Option<Py<PyAny>>) -> PyResult<Client> {
    let mut config = Config::new();
    for (key, value) in &settings {
        config.set(key, Some(value)).map_err(|error| failure::raise(py, &error))?;
    }
    config.set_token_callback(token_callback.map(token_callback::dress));
    let client = blocking(py, || {
        // Whoever is interrupted leaves no application behind.
        let discard = |client: ucwa::Client| drop(client.sign_out());
        Ok(Call { work: move || ucwa::Client::sign_in(&config), discard, leaves_traces: true })
    })?;
    Ok(Client {
        inside: Mutex::new(Some(Arc::new(client))),
        process: process::id(),
        waiting: AtomicUsize::new(0),
        #[cfg(unix)]
        descriptor: Arc::default(),
    })
}

impl Client {
    /// It is not to be dropped while holding Python: it may be the last, and wait for threads that want Python.
    fn inside(&self) -> Result<Arc<ucwa::Client>> {
        if self.process != process::id() {
            let text = format!("the application was made by process {}, which this one was forked from; sign in here anew", self.process);
            return Err(Error::new(Status::Forked, text));
        }
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner).clone();
        inside.ok_or_else(|| Error::new(Status::Cancelled, "the application is closed; no call can be made with it any more"))
    }

    fn call<T, F>(&self, py: Python<'_>, work: F) -> PyResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&ucwa::Client) -> Result<T> + Send + 'static,
    {
        blocking(py, || {
            let inside = self.inside()?;
            Ok(Call { work: move || work(&inside), discard: drop, leaves_traces: false })
        })
    }

    /// The same for a subscription, which ends where nobody waits for it any more.
    fn subscribe<F>(&self, py: Python<'_>, work: F) -> PyResult<String>
    where
        F: FnOnce(&ucwa::Client) -> Result<String> + Send + 'static,
    {
        blocking(py, || {
            let inside = self.inside()?;
            let later = Arc::downgrade(&inside);
            let discard = move |told: String| {
                let told: serde_json::Value = serde_json::from_str(&told).unwrap_or_default();
                if let (Some(client), Some(id)) = (later.upgrade(), told["id"].as_str()) {
                    // It fails where the application has ended, and the subscription with it.
                    let _ = client.unsubscribe_presence(id);
                }
            };
            Ok(Call { work: move || work(&inside), discard, leaves_traces: false })
        })
    }

    fn photo<F>(&self, py: Python<'_>, work: F) -> PyResult<(Py<PyBytes>, String)>
    where
        F: FnOnce(&ucwa::Client) -> Result<Photo> + Send + 'static,
    {
        let photo = self.call(py, work)?;
        Ok((PyBytes::new(py, &photo.data).unbind(), photo.media_type))
    }

    fn take(&self) -> Option<Arc<ucwa::Client>> {
        // A forked child leaves it where it is.
        let mine = self.process == process::id();
        mine.then(|| self.inside.lock().unwrap_or_else(PoisonError::into_inner).take()).flatten()
    }
}

/// That a thread waits for an event.
struct Waiting<'c>(&'c AtomicUsize);

impl Waiting<'_> {
    fn begin(waiting: &AtomicUsize) -> Waiting<'_> {
        waiting.fetch_add(1, SeqCst);
        Waiting(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Calls that are under way hold it, too; they end now.
fn release(inside: Arc<ucwa::Client>) {
    inside.cancel();
}

impl Drop for Client {
    fn drop(&mut self) {
        let Some(inside) = self.inside.get_mut().unwrap_or_else(PoisonError::into_inner).take() else { return };
        if self.process == process::id() && !gate::holds_somebody() {
            // Not here: the library's threads may be logging or calling back, which takes Python and locks of the host's, and
            // this may be the collector's doing, at any place of the program.
            let _ = ucwa::start_thread("ucwa-release", move || release(inside));
        } else {
            // The parent's, or one that is held by somebody who never comes out of Python.
            mem::forget(inside);
        }
    }
}

#[pymethods]
impl Client {
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        blocking(py, || {
            let inside = self.take();
            let work = move || {
                inside.into_iter().for_each(release);
                Ok(())
            };
            Ok(Call { work, discard: drop, leaves_traces: false })
        })
    }

    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        let inside = self.inside().map_err(|error| failure::raise(py, &error))?;
        py.detach(move || inside.cancel());
        Ok(())
    }

    fn sign_out(&self, py: Python<'_>) -> PyResult<()> {
        self.call(py, |client| client.sign_out())
    }

    fn application(&self, py: Python<'_>) -> PyResult<String> {
        self.call(py, |client| client.get_application())
    }

    #[pyo3(signature = (key, value))]
    fn set(&self, py: Python<'_>, key: String, value: Option<String>) -> PyResult<()> {
        self.call(py, move |client| client.set(&key, value.as_deref()))
    }

    fn contact_presence(&self, py: Python<'_>, contact: String) -> PyResult<String> {
        self.call(py, move |client| client.get_contact_presence(&contact))
    }

    fn contacts_presence(&self, py: Python<'_>, contacts_json: String) -> PyResult<String> {
        self.call(py, move |client| client.get_contacts_presence(&contacts_json))
    }

    fn group_presence(&self, py: Python<'_>, group: String) -> PyResult<String> {
        self.call(py, move |client| client.get_group_presence(&group))
    }

    fn groups(&self, py: Python<'_>) -> PyResult<String> {
        self.call(py, |client| client.get_groups())
    }

    fn group_contacts(&self, py: Python<'_>, group: String) -> PyResult<String> {
        self.call(py, move |client| client.get_group_contacts(&group))
    }

    fn contacts(&self, py: Python<'_>) -> PyResult<String> {
        self.call(py, |client| client.get_contacts())
    }

    fn contact(&self, py: Python<'_>, contact: String) -> PyResult<String> {
        self.call(py, move |client| client.get_contact(&contact))
    }

    fn search_contacts(&self, py: Python<'_>, query: String, limit: i64) -> PyResult<String> {
        self.call(py, move |client| {
            let limit = u32::try_from(limit)
                .map_err(|_| Error::new(Status::InvalidArgument, format!("the limit is {limit}; it may be 0 to 100")))?;
            client.search_contacts(&query, limit)
        })
    }

    fn contact_note(&self, py: Python<'_>, contact: String) -> PyResult<String> {
        self.call(py, move |client| client.get_contact_note(&contact))
    }

    fn contact_location(&self, py: Python<'_>, contact: String) -> PyResult<String> {
        self.call(py, move |client| client.get_contact_location(&contact))
    }

    fn contact_supported_modalities(&self, py: Python<'_>, contact: String) -> PyResult<String> {
        self.call(py, move |client| client.get_contact_supported_modalities(&contact))
    }

    fn contact_privacy_relationship(&self, py: Python<'_>, contact: String) -> PyResult<String> {
        self.call(py, move |client| client.get_contact_privacy_relationship(&contact))
    }

    fn set_contact_privacy_relationship(&self, py: Python<'_>, contact: String, level: String) -> PyResult<()> {
        self.call(py, move |client| client.set_contact_privacy_relationship(&contact, &level))
    }

    fn reset_contact_privacy_relationship(&self, py: Python<'_>, contact: String) -> PyResult<()> {
        self.call(py, move |client| client.reset_contact_privacy_relationship(&contact))
    }

    #[pyo3(signature = (contact, size))]
    fn contact_photo(&self, py: Python<'_>, contact: String, size: Option<String>) -> PyResult<(Py<PyBytes>, String)> {
        self.photo(py, move |client| client.get_contact_photo(&contact, size.as_deref()))
    }

    #[pyo3(signature = (contact, group))]
    fn add_contact(&self, py: Python<'_>, contact: String, group: Option<String>) -> PyResult<String> {
        self.call(py, move |client| client.add_contact(&contact, group.as_deref()))
    }

    #[pyo3(signature = (contact, group))]
    fn remove_contact(&self, py: Python<'_>, contact: String, group: Option<String>) -> PyResult<()> {
        self.call(py, move |client| client.remove_contact(&contact, group.as_deref()))
    }

    fn add_group(&self, py: Python<'_>, name: String) -> PyResult<String> {
        self.call(py, move |client| client.add_group(&name))
    }

    fn rename_group(&self, py: Python<'_>, group: String, name: String) -> PyResult<()> {
        self.call(py, move |client| client.rename_group(&group, &name))
    }

    fn remove_group(&self, py: Python<'_>, group: String) -> PyResult<()> {
        self.call(py, move |client| client.remove_group(&group))
    }

    fn subscribe_presence(&self, py: Python<'_>, contacts_json: String) -> PyResult<String> {
        self.subscribe(py, move |client| client.subscribe_presence(&contacts_json))
    }

    fn subscribe_group_presence(&self, py: Python<'_>, group: String) -> PyResult<String> {
        self.subscribe(py, move |client| client.subscribe_group_presence(&group))
    }

    fn subscribe_contacts_and_groups(&self, py: Python<'_>) -> PyResult<String> {
        self.subscribe(py, |client| client.subscribe_contacts_and_groups())
    }

    fn change_subscription(&self, py: Python<'_>, id: String, change_json: String) -> PyResult<String> {
        self.call(py, move |client| client.change_subscription(&id, &change_json))
    }

    fn unsubscribe_presence(&self, py: Python<'_>, id: String) -> PyResult<()> {
        self.call(py, move |client| client.unsubscribe_presence(&id))
    }

    #[pyo3(signature = (timeout))]
    fn next_event(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<String> {
        let _waiting = Waiting::begin(&self.waiting);
        live::next_event(py, || self.inside(), timeout)
    }

    fn give_back_event(&self, py: Python<'_>, event: String) -> PyResult<()> {
        let inside = self.inside().map_err(|error| failure::raise(py, &error))?;
        py.detach(move || inside.give_back_event(event));
        Ok(())
    }

    fn wait_for_event(&self, py: Python<'_>, seconds: f64) -> PyResult<bool> {
        live::wait_for_event(py, || self.inside(), seconds)
    }

    #[cfg(unix)]
    fn event_descriptor(&self, py: Python<'_>) -> PyResult<i32> {
        let descriptor = Arc::clone(&self.descriptor);
        self.call(py, move |client| {
            let mut descriptor = descriptor.lock().unwrap_or_else(PoisonError::into_inner);
            let made = match descriptor.take() {
                Some(made) => made,
                None => Arc::new(ucwa::EventDescriptor::new()?),
            };
            let made = descriptor.insert(made);
            client.show_events_by(|| Ok(Arc::clone(made) as Arc<dyn ucwa::Flag>))?;
            Ok(made.number())
        })
    }

    #[cfg(not(unix))]
    fn event_descriptor(&self, py: Python<'_>) -> PyResult<i32> {
        let text = "this system has no descriptor for events; wait for them in a thread or with asyncio";
        Err(failure::raise(py, &Error::new(Status::Unsupported, text)))
    }

    fn set_event_callback(&self, py: Python<'_>, callback: Option<Py<PyAny>>) -> PyResult<()> {
        if callback.is_some() && self.waiting.load(SeqCst) > 0 {
            let text = "a thread waits for the next event; events are either pulled or pushed";
            return Err(failure::raise(py, &Error::new(Status::Conflict, text)));
        }
        let callback = callback.map(event_callback::dress);
        self.call(py, move |client| client.set_event_callback(callback))
    }

    fn health(&self, py: Python<'_>) -> PyResult<String> {
        self.call(py, |client| client.get_health())
    }

    fn me(&self, py: Python<'_>) -> PyResult<String> {
        self.call(py, |client| client.get_me())
    }

    fn make_me_available(&self, py: Python<'_>, options_json: String) -> PyResult<()> {
        self.call(py, move |client| client.make_me_available(Some(&options_json)))
    }

    fn report_my_activity(&self, py: Python<'_>) -> PyResult<()> {
        self.call(py, |client| client.report_my_activity())
    }

    fn my_presence(&self, py: Python<'_>) -> PyResult<String> {
        self.call(py, |client| client.get_my_presence())
    }

    fn set_my_presence(&self, py: Python<'_>, availability: String) -> PyResult<()> {
        self.call(py, move |client| client.set_my_presence(&availability))
    }

    fn reset_my_presence(&self, py: Python<'_>) -> PyResult<()> {
        self.call(py, |client| client.reset_my_presence())
    }

    fn my_note(&self, py: Python<'_>) -> PyResult<String> {
        self.call(py, |client| client.get_my_note())
    }

    fn set_my_note(&self, py: Python<'_>, message: String) -> PyResult<()> {
        self.call(py, move |client| client.set_my_note(&message))
    }

    fn reset_my_note(&self, py: Python<'_>) -> PyResult<()> {
        self.call(py, |client| client.reset_my_note())
    }

    fn my_location(&self, py: Python<'_>) -> PyResult<String> {
        self.call(py, |client| client.get_my_location())
    }

    fn set_my_location(&self, py: Python<'_>, location: String) -> PyResult<()> {
        self.call(py, move |client| client.set_my_location(&location))
    }

    fn reset_my_location(&self, py: Python<'_>) -> PyResult<()> {
        self.call(py, |client| client.reset_my_location())
    }

    fn my_phones(&self, py: Python<'_>) -> PyResult<String> {
        self.call(py, |client| client.get_my_phones())
    }

    #[pyo3(signature = (size))]
    fn my_photo(&self, py: Python<'_>, size: Option<String>) -> PyResult<(Py<PyBytes>, String)> {
        self.photo(py, move |client| client.get_my_photo(size.as_deref()))
    }

    fn navigate(&self, py: Python<'_>, path: String) -> PyResult<String> {
        self.call(py, move |client| client.navigate(&path))
    }

    #[pyo3(signature = (method, href, body_json))]
    fn request(&self, py: Python<'_>, method: String, href: String, body_json: Option<String>) -> PyResult<String> {
        self.call(py, move |client| client.request(&method, &href, body_json.as_deref()))
    }
}
