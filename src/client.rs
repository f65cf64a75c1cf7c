//! The facade: one method per function of the C ABI, in the same words.

use crate::application::{Application, Raw};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::live::{Change, EventCallback, Flag, Live};
use crate::logging;
use crate::me::{Availability, Me};
use crate::people::{People, Photo, Wanted, check_size};
use crate::resource::navigation::Path;
use crate::threads;
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often activity is reported where the library does it: servers let a user go idle after five minutes.
const ACTIVITY_INTERVAL: Duration = Duration::from_secs(240);

/// A signed-in UCWA application. It may be used from any number of threads at once; dropping it releases it within
/// 100 ms, and leaves the application on the server.
///
/// Every method that reads returns owned JSON text, and may block up to the configured `timeout_ms`.
pub struct Client {
    rooms: Arc<Rooms>,
    /// The thread that reports activity, where it is asked to.
    keeper: Mutex<Option<JoinHandle<()>>>,
}

struct Rooms {
    application: Arc<Application>,
    people: Arc<People>,
    me: Me,
    live: Live,
}

impl Client {
    /// Signs in: finds the user's home server, authenticates, and creates an application (or attaches to
    /// `application_url`). The configuration is copied.
    pub fn sign_in(config: &Config) -> Result<Client> {
        let (application, people) = (Arc::new(Application::sign_in(config)?), Arc::default());
        let live = Live::new(Arc::clone(&application), Arc::clone(&people));
        let rooms = Rooms { application, people, me: Me::default(), live };
        Ok(Client { rooms: Arc::new(rooms), keeper: Mutex::default() })
    }

    /// The application: `{"href","endpointId","culture","userAgent",…}`, enough to attach to it again.
    pub fn get_application(&self) -> Result<String> {
        self.rooms.application.describe()
    }

    /// Changes `password`, `access_token`, `timeout_ms`, `connect_timeout_ms` or `max_retries` of this application.
    pub fn set(&self, key: &str, value: Option<&str>) -> Result<()> {
        self.rooms.application.set(key, value)
    }

    /// Wakes every call that waits; these and all later ones fail with [`Status::Cancelled`](crate::Status::Cancelled).
    pub fn cancel(&self) {
        self.rooms.application.cancel();
        self.rooms.live.close();
    }

    /// Deletes the application on the server; one that is already gone is fine. Afterwards every call fails with
    /// [`Status::Cancelled`](crate::Status::Cancelled).
    pub fn sign_out(&self) -> Result<()> {
        self.rooms.application.sign_out()?;
        self.rooms.live.close();
        Ok(())
    }

    /// The presence of a contact (contactPresence), with its `uri` and `name`.
    pub fn get_contact_presence(&self, contact: &str) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.people.presence(access, contact))
    }

    /// The presence of many contacts, in the order asked; `contacts_json` is a JSON array of contacts, or
    /// `{"contacts":[…],"include":["note","location","contact"]}`.
    pub fn get_contacts_presence(&self, contacts_json: &str) -> Result<String> {
        let wanted = Wanted::parse(contacts_json)?;
        self.rooms.application.run(|access| self.rooms.people.presences(access, &wanted))
    }

    /// The presence of all members of a group, which is named by id, relation or name.
    pub fn get_group_presence(&self, group: &str) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.people.group_presence(access, group))
    }

    /// The groups of the contact list (myGroups).
    pub fn get_groups(&self) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.people.groups(access))
    }

    /// The members of a group (groupContacts), which is named by id, relation or name.
    pub fn get_group_contacts(&self, group: &str) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.people.group_contacts(access, group))
    }

    /// The contact list (myContacts).
    pub fn get_contacts(&self) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.people.contacts(access))
    }

    /// One contact (contact).
    pub fn get_contact(&self, contact: &str) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.people.contact(access, contact))
    }

    /// The contacts and distribution groups that a query fits (search); `limit` 0 is the server's default.
    pub fn search_contacts(&self, query: &str, limit: u32) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.people.search(access, query, limit))
    }

    /// The note of a contact (contactNote).
    pub fn get_contact_note(&self, contact: &str) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.people.facet(access, contact, "contactNote"))
    }

    /// Where a contact is (contactLocation).
    pub fn get_contact_location(&self, contact: &str) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.people.facet(access, contact, "contactLocation"))
    }

    /// The ways in which a contact can be reached (contactSupportedModalities).
    pub fn get_contact_supported_modalities(&self, contact: &str) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.people.facet(access, contact, "contactSupportedModalities"))
    }

    /// How much of the user a contact may see (contactPrivacyRelationship).
    pub fn get_contact_privacy_relationship(&self, contact: &str) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.people.facet(access, contact, "contactPrivacyRelationship"))
    }

    /// Sets how much of the user a contact may see: `Colleagues`, `Workgroup`, `FriendsAndFamily`, `External`, `Blocked`.
    pub fn set_contact_privacy_relationship(&self, contact: &str, level: &str) -> Result<()> {
        self.rooms.application.run(|access| self.rooms.people.set_privacy(access, contact, level))
    }

    /// Leaves it to the server again how much of the user a contact may see (resetContactPrivacyRelationship).
    pub fn reset_contact_privacy_relationship(&self, contact: &str) -> Result<()> {
        self.rooms.application.run(|access| self.rooms.people.reset_privacy(access, contact))
    }

    /// The photo of a contact (contactPhoto); `size` is such as `HR96X96`, `None` the server's choice.
    pub fn get_contact_photo(&self, contact: &str, size: Option<&str>) -> Result<Photo> {
        size.map_or(Ok(()), check_size)?;
        self.rooms.application.run(|access| self.rooms.people.photo(access, contact, size))
    }

    /// Puts a contact into a group, or into the default one (myGroupMemberships).
    pub fn add_contact(&self, contact: &str, group: Option<&str>) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.people.add_contact(access, contact, group))
    }

    /// Takes a contact out of a group, or out of all.
    pub fn remove_contact(&self, contact: &str, group: Option<&str>) -> Result<()> {
        self.rooms.application.run(|access| self.rooms.people.remove_contact(access, contact, group))
    }

    /// Makes a group (myGroups).
    pub fn add_group(&self, name: &str) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.people.add_group(access, name))
    }

    /// Renames a group that the user made (group).
    pub fn rename_group(&self, group: &str, name: &str) -> Result<()> {
        self.rooms.application.run(|access| self.rooms.people.rename_group(access, group, name))
    }

    /// Removes a group that the user made (group).
    pub fn remove_group(&self, group: &str) -> Result<()> {
        self.rooms.application.run(|access| self.rooms.people.remove_group(access, group))
    }

    /// Subscribes to the presence of contacts (presenceSubscription); `contacts_json` is as for
    /// [`get_contacts_presence`](Client::get_contacts_presence). The answer is `{"id":"…","contacts":["sip:…",…]}`. The
    /// present state of each contact is told as an event, then every change.
    pub fn subscribe_presence(&self, contacts_json: &str) -> Result<String> {
        self.rooms.live.subscribe(&Wanted::parse(contacts_json)?)
    }

    /// Subscribes to the presence of a group's members, whoever they are at any time (subscribeToGroupPresence).
    pub fn subscribe_group_presence(&self, group: &str) -> Result<String> {
        self.rooms.live.subscribe_group(group)
    }

    /// Subscribes to changes of the contact list and its groups (myContactsAndGroupsSubscription).
    pub fn subscribe_contacts_and_groups(&self) -> Result<String> {
        self.rooms.live.subscribe_lists()
    }

    /// Adds contacts to a subscription, and removes others: `{"add":["sip:…",…],"remove":["sip:…",…]}`.
    pub fn change_subscription(&self, id: &str, change_json: &str) -> Result<String> {
        self.rooms.live.change(id, Change::parse(change_json)?)
    }

    /// Ends a subscription. The server is told so soon, without the call waiting for it.
    pub fn unsubscribe_presence(&self, id: &str) -> Result<()> {
        self.rooms.live.unsubscribe(id)
    }

    /// The next event; `None` waits for ever.
    ///
    /// # Errors
    /// [`Status::Timeout`](crate::Status::Timeout) where none came in time.
    pub fn next_event(&self, timeout: Option<Duration>) -> Result<String> {
        self.rooms.live.next_event(timeout)
    }

    /// Takes back an event that its caller could not hand on; it is the next one.
    pub fn give_back_event(&self, json: String) {
        self.rooms.live.give_back_event(json);
    }

    /// Waits until there is an event, without taking it: for a caller who may find, once it came, that nobody wants it any
    /// more. Another thread may take it meanwhile, or a callback be set. It fails as `next_event` does.
    pub fn wait_for_event(&self, timeout: Option<Duration>) -> Result<()> {
        self.rooms.live.wait_for_event(timeout)
    }

    /// Sets who is called with each event, on a thread of the library, or removes it. When this returns, the former one
    /// runs no more.
    pub fn set_event_callback(&self, callback: Option<EventCallback>) -> Result<()> {
        self.rooms.live.set_callback(callback)
    }

    /// Sets what shows to the outside whether events wait. The first one stays: `make` is not asked again.
    pub fn show_events_by(&self, make: impl FnOnce() -> Result<Arc<dyn Flag>>) -> Result<()> {
        self.rooms.live.show_by(make)
    }

    /// How the connection, the token and the subscriptions fare, from memory.
    pub fn get_health(&self) -> Result<String> {
        self.rooms.live.health()
    }

    /// The signed-in user's own data (me).
    pub fn get_me(&self) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.me.read(access))
    }

    /// Shows the user online (makeMeAvailable); signing in alone does not. `options_json` has makeMeAvailable's members,
    /// and `keepActive`: whether the library reports activity every four minutes by itself.
    pub fn make_me_available(&self, options_json: Option<&str>) -> Result<()> {
        let availability = Availability::parse(options_json)?;
        self.rooms.application.run(|access| self.rooms.me.make_available(access, &availability))?;
        if availability.keep_active { self.keep_active() } else { Ok(()) }
    }

    /// Tells the server that the user is active (reportMyActivity).
    pub fn report_my_activity(&self) -> Result<()> {
        self.rooms.report_activity()
    }

    /// The user's own presence.
    pub fn get_my_presence(&self) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.me.facet(access, "presence"))
    }

    /// Sets the user's own presence: `Online`, `Busy`, `DoNotDisturb`, `BeRightBack`, `Away` or `Offwork`.
    pub fn set_my_presence(&self, availability: &str) -> Result<()> {
        self.post_mine("presence", json!({ "availability": availability }))
    }

    /// Leaves the user's presence to the server again.
    pub fn reset_my_presence(&self) -> Result<()> {
        self.rooms.application.run(|access| self.rooms.me.post(access, "presence", None))
    }

    /// The user's own note.
    pub fn get_my_note(&self) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.me.facet(access, "note"))
    }

    /// Sets the user's own note.
    pub fn set_my_note(&self, message: &str) -> Result<()> {
        self.post_mine("note", json!({ "message": message }))
    }

    /// Removes the user's own note.
    pub fn reset_my_note(&self) -> Result<()> {
        self.post_mine("note", json!({ "message": "" }))
    }

    /// Where the user is.
    pub fn get_my_location(&self) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.me.facet(access, "location"))
    }

    /// Sets where the user is.
    pub fn set_my_location(&self, location: &str) -> Result<()> {
        self.post_mine("location", json!({ "location": location }))
    }

    /// Removes where the user is.
    pub fn reset_my_location(&self) -> Result<()> {
        self.post_mine("location", json!({ "location": "" }))
    }

    /// The user's own phones.
    pub fn get_my_phones(&self) -> Result<String> {
        self.rooms.application.run(|access| self.rooms.me.phones(access))
    }

    /// The user's own photo; `size` is such as `HR96X96`, `None` the server's choice.
    pub fn get_my_photo(&self, size: Option<&str>) -> Result<Photo> {
        size.map_or(Ok(()), check_size)?;
        self.rooms.application.run(|access| self.rooms.me.photo(access, self.rooms.people.album(), size))
    }

    /// Any resource, reached from the application by link relations; handed back exactly as the server wrote it.
    pub fn navigate(&self, path: &str) -> Result<String> {
        let path = Path::parse(path)?;
        self.rooms.application.run(|access| {
            let document = access.navigate(&path)?;
            // What is handed back untouched is UCWA's all the same.
            document.resource()?;
            Ok(document.text)
        })
    }

    /// Any method on any href or navigation path of the application, with a JSON body or none. The answer is
    /// `{"status","etag","location","contentType","body"}`; a status of 400 or more is a failure.
    pub fn request(&self, method: &str, href: &str, body_json: Option<&str>) -> Result<String> {
        let raw = Raw::parse(method, href, body_json)?;
        self.rooms.application.run(|access| raw.send(access))
    }

    fn post_mine(&self, rel: &str, body: serde_json::Value) -> Result<()> {
        self.rooms.application.run(|access| self.rooms.me.post(access, rel, Some(&body)))
    }

    /// Starts the thread that reports activity, once.
    fn keep_active(&self) -> Result<()> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if keeper.is_some() {
            return Ok(());
        }
        let rooms = Arc::clone(&self.rooms);
        let started = threads::start("ucwa-activity", move || {
            while rooms.application.wait(ACTIVITY_INTERVAL).is_ok() {
                if let Err(error) = rooms.report_activity() {
                    logging::warn!("activity could not be reported: {error}");
                }
            }
        });
        *keeper =
            Some(started.map_err(|error| {
                Error::new(crate::Status::Internal, format!("the system gave no thread to report activity with: {error}"))
            })?);
        Ok(())
    }
}

impl Rooms {
    fn report_activity(&self) -> Result<()> {
        self.application.run(|access| self.me.post(access, "reportMyActivity", None))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.cancel();
        if let Some(keeper) = self.keeper.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            // It has just been woken.
            threads::join(keeper);
        }
    }
}

// Handles are shared between threads; the compiler checks that they can be.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Client>();
    shared::<Config>();
};
