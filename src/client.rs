//! The facade: one method per function of the C ABI, in the same words.

use crate::application::Application;
use crate::config::Config;
use crate::error::Result;
use crate::people::{People, Wanted};
use crate::resource::navigation::Path;

/// A signed-in UCWA application. It may be used from any number of threads at once; dropping it releases it within
/// 100 ms, and leaves the application on the server.
///
/// Every method that reads returns owned JSON text, and may block up to the configured `timeout_ms`.
pub struct Client {
    application: Application,
    people: People,
}

impl Client {
    /// Signs in: finds the user's home server, authenticates, and creates an application (or attaches to
    /// `application_url`). The configuration is copied.
    pub fn sign_in(config: &Config) -> Result<Client> {
        Ok(Client { application: Application::sign_in(config)?, people: People::default() })
    }

    /// The application: `{"href","endpointId","culture","userAgent",…}`, enough to attach to it again.
    pub fn get_application(&self) -> Result<String> {
        self.application.describe()
    }

    /// Changes `password`, `access_token`, `timeout_ms`, `connect_timeout_ms` or `max_retries` of this application.
    pub fn set(&self, key: &str, value: Option<&str>) -> Result<()> {
        self.application.set(key, value)
    }

    /// Wakes every call that waits; these and all later ones fail with [`Status::Cancelled`](crate::Status::Cancelled).
    pub fn cancel(&self) {
        self.application.cancel();
    }

    /// Deletes the application on the server; one that is already gone is fine. Afterwards every call fails with
    /// [`Status::Cancelled`](crate::Status::Cancelled).
    pub fn sign_out(&self) -> Result<()> {
        self.application.sign_out()
    }

    /// The presence of a contact (contactPresence), with its `uri` and `name`.
    pub fn get_contact_presence(&self, contact: &str) -> Result<String> {
        self.application.run(|access| self.people.presence(access, contact))
    }

    /// The presence of many contacts, in the order asked; `contacts_json` is a JSON array of contacts, or
    /// `{"contacts":[…],"include":["note","location","contact"]}`.
    pub fn get_contacts_presence(&self, contacts_json: &str) -> Result<String> {
        let wanted = Wanted::parse(contacts_json)?;
        self.application.run(|access| self.people.presences(access, &wanted))
    }

    /// The presence of all members of a group, which is named by id, relation or name.
    pub fn get_group_presence(&self, group: &str) -> Result<String> {
        self.application.run(|access| self.people.group_presence(access, group))
    }

    /// The note of a contact (contactNote).
    pub fn get_contact_note(&self, contact: &str) -> Result<String> {
        self.application.run(|access| self.people.facet(access, contact, "contactNote"))
    }

    /// Where a contact is (contactLocation).
    pub fn get_contact_location(&self, contact: &str) -> Result<String> {
        self.application.run(|access| self.people.facet(access, contact, "contactLocation"))
    }

    /// The ways in which a contact can be reached (contactSupportedModalities).
    pub fn get_contact_supported_modalities(&self, contact: &str) -> Result<String> {
        self.application.run(|access| self.people.facet(access, contact, "contactSupportedModalities"))
    }

    /// How much of the user a contact may see (contactPrivacyRelationship).
    pub fn get_contact_privacy_relationship(&self, contact: &str) -> Result<String> {
        self.application.run(|access| self.people.facet(access, contact, "contactPrivacyRelationship"))
    }

    /// The groups of the contact list (myGroups).
    pub fn get_groups(&self) -> Result<String> {
        self.application.run(|access| self.people.groups(access))
    }

    /// The members of a group (groupContacts), which is named by id, relation or name.
    pub fn get_group_contacts(&self, group: &str) -> Result<String> {
        self.application.run(|access| self.people.group_contacts(access, group))
    }

    /// The contact list (myContacts).
    pub fn get_contacts(&self) -> Result<String> {
        self.application.run(|access| self.people.contacts(access))
    }

    /// One contact (contact).
    pub fn get_contact(&self, contact: &str) -> Result<String> {
        self.application.run(|access| self.people.contact(access, contact))
    }

    /// The contacts and distribution groups that a query fits (search); `limit` 0 is the server's default.
    pub fn search_contacts(&self, query: &str, limit: u32) -> Result<String> {
        self.application.run(|access| self.people.search(access, query, limit))
    }

    /// Any resource, reached from the application by link relations; handed back exactly as the server wrote it.
    pub fn navigate(&self, path: &str) -> Result<String> {
        let path = Path::parse(path)?;
        self.application.run(|access| {
            let document = access.navigate(&path)?;
            // What is handed back untouched is UCWA's all the same.
            document.resource()?;
            Ok(document.text)
        })
    }
}

// Handles are shared between threads; the compiler checks that they can be.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Client>();
    shared::<Config>();
};
