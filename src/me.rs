//! The signed-in user: data, presence, note and location, and being available.

use crate::application::Access;
use crate::error::{Error, Result, Status};
use crate::people::{Album, Photo};
use crate::resource::navigation::{Document, Path};
use crate::resource::{Resource, Writer};
use crate::shown::excerpts;
use crate::transport::{Method, Request};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use url::Url;

/// What is remembered of the user's own resources: addresses, and what was asked for when becoming available.
#[derive(Default)]
pub(crate) struct Me {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    generation: u64,
    links: HashMap<String, String>,
    /// The options of makeMeAvailable, to be used again with a new application.
    available: Option<String>,
}

/// How the user becomes available.
pub(crate) struct Availability {
    json: String,
    /// Whether the library reports activity by itself.
    pub keep_active: bool,
}

impl Availability {
    /// Reads makeMeAvailable's members, and `keepActive`.
    pub fn parse(options_json: Option<&str>) -> Result<Availability> {
        let wrong = |why: String| {
            Error::argument(format!(
                "the options: {why}; they are a JSON object with makeMeAvailable's members, and \"keepActive\": true or false"
            ))
        };
        let mut members: Map<String, Value> = match options_json {
            None => Map::new(),
            Some(text) => serde_json::from_str(text).map_err(|error| wrong(format!("no JSON object ({error})")))?,
        };
        let keep_active = match members.remove("keepActive") {
            None => false,
            Some(Value::Bool(keep)) => keep,
            Some(other) => return Err(wrong(format!("keepActive is {other}"))),
        };
        Ok(Availability { json: Value::Object(members).to_string(), keep_active })
    }
}

impl Me {
    /// The user's own data.
    pub fn read(&self, access: &Access<'_>) -> Result<String> {
        let document = self.refresh(access)?;
        hand_on(&document)
    }

    /// One of the user's own resources: presence, note or location.
    pub fn facet(&self, access: &Access<'_>, rel: &str) -> Result<String> {
        let document = self.with_link(access, rel, |url| access.get(&url))?;
        hand_on(&document)
    }

    /// Posts to one of the user's own resources.
    pub fn post(&self, access: &Access<'_>, rel: &str, body: Option<&Value>) -> Result<()> {
        self.with_link(access, rel, |url| access.send(Request::of(Method::POST, url, body.map(Value::to_string)))).map(drop)
    }

    /// Becomes available. Being so already is fine.
    pub fn make_available(&self, access: &Access<'_>, availability: &Availability) -> Result<()> {
        self.post_availability(access, &availability.json)?;
        self.state(access).available = Some(availability.json.clone());
        Ok(())
    }

    /// The user's phones.
    pub fn phones(&self, access: &Access<'_>) -> Result<String> {
        let document = self.with_link(access, "phones", |url| access.get(&url))?;
        let resource = document.resource()?;
        Writer::try_object(|w| {
            w.properties(&resource, &["phones"]);
            w.try_array("phones", |items| {
                resource.each_embedded("phone", |phone| {
                    access.step()?;
                    items.add(|w| w.resource(&phone, &document.url))
                })
            })?;
            if let Some(own) = resource.link("self").and_then(|href| document.url.join(href).ok()) {
                w.text("href", own.as_str());
            }
            Ok(())
        })
    }

    /// The user's photo.
    pub fn photo(&self, access: &Access<'_>, album: &Album, size: Option<&str>) -> Result<Photo> {
        self.with_link(access, "photo", |url| album.read(access, url, size))
    }

    fn post_availability(&self, access: &Access<'_>, json: &str) -> Result<()> {
        let document = self.refresh(access)?;
        let resource = document.resource()?;
        let Some(href) = resource.link("makeMeAvailable") else {
            // The link is gone once it was used.
            return if resource.link("presence").is_some() { Ok(()) } else { Err(missing("makeMeAvailable", &resource)) };
        };
        let posted = access.send(Request::post_within_application(access.resolve(href)?, Some(json.to_owned())));
        match posted {
            Ok(_) => {}
            Err(error) if error.is_named("AlreadyExists") => {}
            Err(error) => return Err(error),
        }
        self.refresh(access).map(drop)
    }

    /// Does something with a link of me. Some links appear with makeMeAvailable only; a new application has to be made
    /// available again, if the old one was.
    fn with_link<T>(&self, access: &Access<'_>, rel: &str, work: impl Fn(Url) -> Result<T>) -> Result<T> {
        let known = self.state(access).links.get(rel).cloned();
        let href = match known {
            Some(href) => href,
            None => self.find_link(access, rel)?,
        };
        match work(access.resolve(&href)?) {
            Err(error) if error.is_named("MakeMeAvailableRequired") => {
                if !self.be_available_again(access)? {
                    return Err(advise(error));
                }
                work(access.resolve(&self.find_link(access, rel)?)?)
            }
            Err(error) if access.is_out_of_date(&error) => work(access.resolve(&self.find_link(access, rel)?)?),
            outcome => outcome,
        }
    }

    fn find_link(&self, access: &Access<'_>, rel: &str) -> Result<String> {
        let mut document = self.refresh(access)?;
        if document.resource()?.link(rel).is_none() && self.be_available_again(access)? {
            document = self.refresh(access)?;
        }
        let resource = document.resource()?;
        resource.link(rel).map(str::to_owned).ok_or_else(|| missing(rel, &resource))
    }

    fn be_available_again(&self, access: &Access<'_>) -> Result<bool> {
        let options = self.state(access).available.clone();
        options.map_or(Ok(false), |json| self.post_availability(access, &json).map(|()| true))
    }

    /// Reads me anew, and learns its links.
    fn refresh(&self, access: &Access<'_>) -> Result<Document> {
        let url = access.locate(&Path::parse("me")?)?;
        let document = access.get(&url)?;
        let resource = document.resource()?;
        let mut state = self.state(access);
        state.links.clear();
        for link in &resource.links {
            if let Some(href) = resource.link(&link.rel) {
                state.links.entry(link.rel.to_string()).or_insert_with(|| href.to_owned());
            }
        }
        drop(state);
        Ok(document)
    }

    fn state(&self, access: &Access<'_>) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.generation != access.session.generation {
            state.generation = access.session.generation;
            state.links.clear();
        }
        state
    }
}

fn hand_on(document: &Document) -> Result<String> {
    let resource = document.resource()?;
    Ok(Writer::object(|w| w.resource(&resource, &document.url)))
}

fn missing(rel: &str, me: &Resource<'_>) -> Error {
    if me.link("makeMeAvailable").is_some() {
        return Error::new(
            Status::Conflict,
            format!("the server offers {rel} only to users who are available: call make_me_available first"),
        );
    }
    Error::new(Status::NotFound, format!("the server offers this user no {rel}; there is: {}", excerpts(&me.relations())))
}

fn advise(error: Error) -> Error {
    error.advise("call make_me_available first")
}
