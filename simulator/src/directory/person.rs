//! A person and what others may see of them.

use serde::Serialize;
use serde_json::Value;

use super::sip_uri;

/// A person. What is `None` or empty is missing from the resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    uri: String,
    /// The name shown.
    pub name: Option<String>,
    /// Addresses for mail.
    pub emails: Vec<String>,
    /// Job title.
    pub title: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Office.
    pub office: Option<String>,
    /// Phone at work, as a `tel:` URI or digits.
    pub work_phone: Option<String>,
    /// Mobile phone.
    pub mobile_phone: Option<String>,
    /// Phone at home.
    pub home_phone: Option<String>,
    /// Another phone.
    pub other_phone: Option<String>,
    /// `SameEnterprise`, `Federated`, …
    pub source_network: Option<String>,
    /// `User`, `Bot`, …
    pub kind: Option<String>,
    /// Presence.
    pub presence: Presence,
    /// The note; `None` answers with an empty personal one.
    pub note: Option<Note>,
    /// The place.
    pub location: Option<String>,
    /// `Messaging`, `Audio`, …
    pub modalities: Vec<String>,
    /// The privacy relationship the user gave: `Colleagues`, …
    pub privacy: String,
    /// Whether there is a photo.
    pub photo: bool,
}

/// Presence as the server knows it. What is `None` is missing from the resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// `Online`, `Busy`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability: Option<String>,
    /// A well-known activity such as `in-a-meeting`, or text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<String>,
    /// `PC`, `Mobile`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_type: Option<String>,
    /// When they were last active, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_active_ms: Option<i64>,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The text.
    pub message: String,
    /// `Personal` or `OutOfOffice`.
    pub kind: String,
}

impl Note {
    /// A personal note.
    pub fn personal(message: &str) -> Note {
        Note { message: message.into(), kind: "Personal".into() }
    }

    /// The note of somebody who is out of office.
    pub fn out_of_office(message: &str) -> Note {
        Note { message: message.into(), kind: "OutOfOffice".into() }
    }
}

impl Presence {
    /// Presence of which only the availability is known.
    pub fn available(availability: &str) -> Presence {
        Presence { availability: Some(availability.into()), ..Presence::default() }
    }

    /// Takes over the members of a JSON object; `null` removes one.
    ///
    /// # Errors
    /// What is wrong with the object; nothing is changed then.
    pub fn change(&mut self, change: &Value) -> Result<(), String> {
        const MEMBERS: &str = "availability, activity, deviceType (strings or null), lastActiveMs (an integer or null)";
        let Value::Object(members) = change else {
            return Err(format!("an object is needed, of {MEMBERS}"));
        };
        let mut changed = self.clone();
        for (name, value) in members {
            let text = match (name.as_str(), value) {
                ("lastActiveMs", Value::Null) => {
                    changed.last_active_ms = None;
                    continue;
                }
                ("lastActiveMs", value) => {
                    changed.last_active_ms = Some(value.as_i64().ok_or_else(|| format!("{name} is no integer; allowed are {MEMBERS}"))?);
                    continue;
                }
                (_, Value::Null) => None,
                (_, Value::String(text)) => Some(text.clone()),
                _ => return Err(format!("{name} is no string; allowed are {MEMBERS}")),
            };
            match name.as_str() {
                "availability" => changed.availability = text,
                "activity" => changed.activity = text,
                "deviceType" => changed.device_type = text,
                _ => return Err(format!("there is no {name}; allowed are {MEMBERS}")),
            }
        }
        *self = changed;
        Ok(())
    }
}

impl Person {
    /// A colleague of this address and name: a user without mail address or phones, about whom only `Offline` is known.
    pub fn new(uri: &str, name: &str) -> Person {
        Person {
            uri: sip_uri(uri),
            name: Some(name.into()),
            emails: Vec::new(),
            title: None,
            department: None,
            company: None,
            office: None,
            work_phone: None,
            mobile_phone: None,
            home_phone: None,
            other_phone: None,
            source_network: Some("SameEnterprise".into()),
            kind: Some("User".into()),
            presence: Presence::available("Offline"),
            note: None,
            location: None,
            modalities: vec!["Messaging".into(), "Audio".into()],
            privacy: "Colleagues".into(),
            photo: true,
        }
    }

    /// The SIP address, in the server's spelling.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The same person under another address.
    pub(crate) fn set_uri(&mut self, uri: &str) {
        self.uri = sip_uri(uri);
        self.emails = vec![self.address().to_owned()];
    }

    /// Whether all is the same but what has resources of its own: presence, note, place, modalities, privacy.
    pub(crate) fn has_same_data(&self, other: &Person) -> bool {
        let own = |person: &Person| Person {
            presence: Presence::default(),
            note: None,
            location: None,
            modalities: Vec::new(),
            privacy: String::new(),
            ..person.clone()
        };
        own(self) == own(other)
    }

    /// The address without its scheme, as it stands in hrefs.
    pub(crate) fn address(&self) -> &str {
        self.uri.split_once(':').map_or(self.uri.as_str(), |(_, address)| address)
    }

    /// Whether a search for this text, in lower case, finds the person.
    pub(crate) fn is_found_by(&self, query: &str) -> bool {
        let has = |text: &str| text.to_lowercase().contains(query);
        self.name.as_deref().is_some_and(has) || has(&self.uri) || self.emails.iter().any(|mail| has(mail))
    }
}
