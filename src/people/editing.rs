//! Changing the contact list: contacts in groups, groups themselves, and how much of the user a contact may see.

use super::People;
use super::address_cache::Known;
use super::book::KnownGroup;
use crate::application::{Access, Version};
use crate::error::{Error, Result, Status};
use crate::resource::navigation::Path;
use crate::resource::{Resource, Writer, address_key, answer};
use crate::sip_uri::SipUri;
use crate::transport::{Method, Request};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use url::Url;

const LONGEST_GROUP_NAME: usize = 256;
const PRIVACY: &str = "contactPrivacyRelationship";

impl People {
    /// Puts a contact into a group, or into the default one.
    pub fn add_contact(&self, access: &Access<'_>, contact: &str, group: Option<&str>) -> Result<String> {
        let uri = SipUri::parse(contact)?;
        let mut body = json!({ "contactUri": uri.to_string() });
        if let Some(group) = group {
            body["groupId"] = Value::String(self.group_id(access, group)?);
        }
        let url = self.people_link(access, "myGroupMemberships")?;
        let request = Version::Changeable.of(Request::of(Method::POST, url, Some(body.to_string())));
        let answer = access.send(request.clone())?;
        self.book(access).lists_changed();
        if answer.body.is_empty() {
            return Ok(Writer::object(|w| w.text("uri", &uri.to_string())));
        }
        let membership = answer::resource(&request, &answer)?;
        Ok(Writer::object(|w| {
            w.text("uri", &uri.to_string());
            w.resource(&membership, &answer.url);
        }))
    }

    /// Takes a contact out of a group, or out of all.
    pub fn remove_contact(&self, access: &Access<'_>, contact: &str, group: Option<&str>) -> Result<()> {
        let uri = SipUri::parse(contact)?;
        let mut url = self.people_link(access, "myGroupMemberships")?;
        if let Some(group) = group {
            let id = self.group_id(access, group)?;
            url.query_pairs_mut().append_pair("groupId", &id);
        }
        let request = Version::Changeable.of(Request::get(url.clone()));
        let answer = access.send(request.clone())?;
        let resource = answer::resource(&request, &answer)?;
        self.book(access).lists_changed();
        if let (None, Some(href)) = (group, resource.link("removeContactFromAllGroups")) {
            let body = json!({ "contactUri": uri.to_string() }).to_string();
            let url = access.resolve(href)?;
            return access.send(Version::Changeable.of(Request::of(Method::POST, url, Some(body)))).map(drop);
        }
        let known = self.find(access, &uri)?;
        let own = known.link("self").map(|href| access.resolve(&href)).transpose()?;
        let mut removals = Vec::new();
        resource.each_embedded("myGroupMembership", |membership| {
            access.step()?;
            let of_contact = membership.link("contact").map(|href| access.resolve(href)).transpose()?;
            let same = matches!((&own, &of_contact), (Some(own), Some(other)) if address_key(own) == address_key(other));
            if let (true, Some(href)) = (same, membership.link("self")) {
                removals.push(Version::Changeable.of(Request::delete(access.resolve(href)?)));
            }
            Ok(())
        })?;
        if removals.is_empty() {
            let place = group.map_or("no group of the contact list".to_owned(), |group| format!("the group \"{group}\""));
            let text = if group.is_some() { format!("{uri} is not in {place}") } else { format!("{uri} is in {place}") };
            return Err(Error::new(Status::NotFound, text));
        }
        access.send_all(&removals).into_iter().collect::<Result<Vec<_>>>().map(drop)
    }

    /// Makes a group. The answer is the group, as `ucwa_get_groups` tells it.
    pub fn add_group(&self, access: &Access<'_>, name: &str) -> Result<String> {
        check_name(name)?;
        let id_of = |group: &Resource<'_>| group.text("id").map(|id| id.into_owned());
        let before: Vec<Option<String>> =
            self.read_groups(access)?.entries().filter_map(|(_, entry)| entry.ok()).map(|(group, _)| id_of(&group)).collect();
        let url = self.people_link(access, "myGroups")?;
        let body = json!({ "displayName": name }).to_string();
        access.send(Version::Changeable.of(Request::of(Method::POST, url, Some(body))))?;
        // The server does not say which one it made.
        let groups = self.read_groups(access)?;
        let made = groups.entries().find_map(|(rel, entry)| {
            let (group, url) = entry.ok()?;
            let is_made = !before.contains(&id_of(&group)) && group.text("name").as_deref() == Some(name);
            is_made.then_some((rel, group, url))
        });
        let (rel, group, url) =
            made.ok_or_else(|| Error::protocol(format!("the server took the group \"{name}\", and does not list it")))?;
        Ok(Writer::object(|w| {
            w.text("rel", rel);
            w.resource(&group, url);
        }))
    }

    pub fn rename_group(&self, access: &Access<'_>, group: &str, name: &str) -> Result<()> {
        check_name(name)?;
        let known = self.own_group(access, group, "renamed")?;
        let mut changed = Map::from_iter([("name".to_owned(), Value::from(name))]);
        if let Some(id) = &known.id {
            changed.insert("id".to_owned(), Value::from(id.as_str()));
        }
        let outcome = access.put(&self.group_address(access, &known)?, Version::Changeable, &changed);
        self.book(access).forget_groups();
        outcome.map(drop)
    }

    pub fn remove_group(&self, access: &Access<'_>, group: &str) -> Result<()> {
        let known = self.own_group(access, group, "removed")?;
        let outcome = access.send(Version::Changeable.of(Request::delete(self.group_address(access, &known)?)));
        self.book(access).forget_groups();
        outcome.map(drop)
    }

    /// Sets how much of the user a contact may see.
    pub fn set_privacy(&self, access: &Access<'_>, contact: &str, level: &str) -> Result<()> {
        let changed = Map::from_iter([("relationshipLevel".to_owned(), Value::from(level))]);
        let put = |_: &Known, url: Url| access.put(&url, Version::Changeable, &changed);
        self.with_link_of_contact(access, contact, PRIVACY, put).map(drop)
    }

    /// Leaves it to the server again how much of the user a contact may see.
    pub fn reset_privacy(&self, access: &Access<'_>, contact: &str) -> Result<()> {
        let (request, answer) = self.with_link_of_contact(access, contact, PRIVACY, |_, url| {
            let request = Version::Changeable.of(Request::get(url));
            access.send(request.clone()).map(|answer| (request, answer))
        })?;
        let resource = answer::resource(&request, &answer)?;
        let href = resource.link("resetContactPrivacyRelationship");
        let href = href.ok_or_else(|| {
            answer::with_answer(Error::new(Status::NotFound, "the server offers no reset of this privacy relationship"), &request, &answer)
        })?;
        access.send(Request::of(Method::POST, access.resolve(href)?, None)).map(drop)
    }

    /// A group that the user made; the others belong to the server.
    fn own_group(&self, access: &Access<'_>, group: &str, what: &str) -> Result<Arc<KnownGroup>> {
        let known = self.present_group(access, group)?;
        if known.rel == "group" {
            return Ok(known);
        }
        Err(Error::new(
            Status::Forbidden,
            format!("\"{group}\" is the server's own {} and cannot be {what}; only groups that the user made can", known.rel),
        ))
    }

    fn group_address(&self, access: &Access<'_>, group: &KnownGroup) -> Result<Url> {
        let none = || {
            Error::new(
                Status::NotFound,
                format!("the server gave no address of the group \"{}\"", group.name.as_deref().unwrap_or_default()),
            )
        };
        access.resolve(&group.link("self").ok_or_else(none)?)
    }

    fn group_id(&self, access: &Access<'_>, group: &str) -> Result<String> {
        let known = self.present_group(access, group)?;
        known.id.clone().ok_or_else(|| Error::new(Status::NotFound, format!("the server gave no id of the group \"{group}\"")))
    }

    fn people_link(&self, access: &Access<'_>, rel: &str) -> Result<Url> {
        access.locate(&Path::parse(&format!("people/{rel}"))?)
    }
}

fn check_name(name: &str) -> Result<()> {
    let length = name.chars().count();
    if length == 0 || length > LONGEST_GROUP_NAME || name.chars().any(char::is_control) {
        return Err(Error::argument(format!(
            "a group's name has 1 to {LONGEST_GROUP_NAME} characters, none of them a control character; this one has {length}"
        )));
    }
    Ok(())
}
