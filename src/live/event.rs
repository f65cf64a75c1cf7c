//! What the event channel answers: where to go on, and what has happened.

use crate::error::{Error, Result};
use crate::logging;
use crate::resource::{Resource, text_of};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// An answer of the event channel.
pub(super) struct Answer {
    pub lead: Lead,
    /// In the server's order.
    pub events: Vec<Event>,
    /// There were more than are taken at a time.
    pub has_more: bool,
}

/// How many events are taken at a time. Where there are more, everything is read and compared instead.
const MOST_EVENTS: usize = 20_000;

/// Where the channel goes on.
#[derive(Debug, PartialEq)]
pub(super) enum Lead {
    Next(String),
    /// What was acknowledged does not fit: it goes on where the server thinks that we are.
    Resync(String),
    /// The channel was idle for too long: the subscriptions are gone, and the channel's parameters with them.
    Resume(String),
}

impl Lead {
    pub fn href(&self) -> &str {
        match self {
            Lead::Next(href) | Lead::Resync(href) | Lead::Resume(href) => href,
        }
    }
}

/// Something that happened to a resource.
#[derive(Debug)]
pub(super) struct Event {
    /// `added`, `updated`, `deleted`, `started` or `completed`.
    pub kind: String,
    pub rel: String,
    pub href: String,
    /// Relation and address of what it happened in: the contact of a presence, the group of a contact.
    pub within: Option<(String, String)>,
    /// The resource, where the event brings it along.
    pub resource: Option<Box<RawValue>>,
    pub status: Option<String>,
    pub reason: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Sender<'a> {
    #[serde(borrow)]
    events: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    link: Target<'a>,
    #[serde(rename = "in")]
    within: Option<Target<'a>>,
    #[serde(borrow, rename = "_embedded")]
    embedded: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    reason: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Target<'a> {
    #[serde(borrow, default)]
    rel: Cow<'a, str>,
    #[serde(borrow, default)]
    href: Cow<'a, str>,
}

impl Answer {
    /// Reads an answer. An event of an unknown shape is passed over, so that it does not hold up the others.
    pub fn read(text: &str) -> Result<Answer> {
        let resource = Resource::parse(text)?;
        let link = |rel: &str| resource.link(rel).map(str::to_owned);
        let lead = link("resume").map(Lead::Resume).or_else(|| link("resync").map(Lead::Resync)).or_else(|| link("next").map(Lead::Next));
        let lead = lead.ok_or_else(|| Error::protocol("the event channel's answer has no link to go on with (next, resync or resume)"))?;
        let mut events = Vec::new();
        for sender in resource.properties.iter().filter(|(name, _)| name == "sender").flat_map(|(_, value)| each(value)) {
            let Some(written) = serde_json::from_str::<Sender<'_>>(sender.get()).ok().and_then(|sender| sender.events) else { continue };
            for event in each(written) {
                if events.len() == MOST_EVENTS {
                    return Ok(Answer { lead, events, has_more: true });
                }
                match serde_json::from_str::<Written<'_>>(event.get()) {
                    Ok(written) if !written.link.href.is_empty() => events.push(Event::of(written)),
                    Ok(_) => logging::warn!("an event that does not say what it is about is passed over"),
                    Err(error) => logging::warn!("an event of an unknown shape is passed over: {error}"),
                }
            }
        }
        Ok(Answer { lead, events, has_more: false })
    }
}

impl Event {
    /// The bytes that it takes, about.
    pub fn size(&self) -> usize {
        let json = [&self.resource, &self.reason].into_iter().flatten().map(|json| json.get().len()).sum::<usize>();
        let within = self.within.as_ref().map_or(0, |(rel, href)| rel.len() + href.len());
        size_of::<Event>() + json + within + self.rel.len() + self.href.len()
    }

    fn of(written: Written<'_>) -> Event {
        let rel = written.link.rel.into_owned();
        Event {
            kind: written.kind.into_owned(),
            resource: written.embedded.and_then(|embedded| embedded_of(embedded, &rel)),
            rel,
            href: written.link.href.into_owned(),
            within: written
                .within
                .filter(|target| !target.href.is_empty())
                .map(|target| (target.rel.into_owned(), target.href.into_owned())),
            status: written.status.and_then(text_of).map(Cow::into_owned),
            reason: written.reason,
        }
    }
}

/// One value or several: the same member comes as either.
fn each(value: &RawValue) -> Vec<&RawValue> {
    match value.get().as_bytes().first() {
        Some(b'[') => serde_json::from_str(value.get()).unwrap_or_default(),
        Some(b'{') => vec![value],
        _ => Vec::new(),
    }
}

/// The embedded resource that the event is about.
fn embedded_of(embedded: &RawValue, rel: &str) -> Option<Box<RawValue>> {
    let mut members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(embedded.get()).ok()?;
    let value = members.remove(rel)?;
    each(value).into_iter().next().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sender_or_several_and_none() {
        let text = r#"{"_links":{"self":{"href":"/e?ack=1"},"next":{"href":"/e?ack=2&key=x"}},"sender":[
            {"rel":"people","href":"/people","events":[
                {"type":"updated","link":{"rel":"contactPresence","href":"/people/a@b/presence"},"in":{"rel":"contact","href":"/people/a@b"}},
                {"type":"updated","link":{"rel":"contactNote","href":"/people/a@b/note"},"in":{"rel":"contact"},"_embedded":{"contactNote":{"message":"x"}}},
                {"type":"surprise"},{"type":"updated","link":{"rel":"contactNote"}}]},
            {"rel":"people","href":"/people","events":{"type":"added","link":{"rel":"group","href":"/g"}}},
            {"rel":"communication","href":"/c","events":[{"type":"completed","status":"Failure","reason":{"code":"Gone"},"link":{"rel":"x","href":"/x"}}]}]}"#;
        let answer = Answer::read(text).unwrap();
        assert_eq!(answer.lead, Lead::Next("/e?ack=2&key=x".to_owned()));
        let shown: Vec<_> = answer.events.iter().map(|event| (event.kind.as_str(), event.rel.as_str(), event.href.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("updated", "contactPresence", "/people/a@b/presence"),
                ("updated", "contactNote", "/people/a@b/note"),
                ("added", "group", "/g"),
                ("completed", "x", "/x")
            ]
        );
        assert_eq!(answer.events[0].within, Some(("contact".to_owned(), "/people/a@b".to_owned())));
        assert_eq!(answer.events[1].within, None);
        assert_eq!(answer.events[1].resource.as_ref().unwrap().get(), r#"{"message":"x"}"#);
        assert_eq!(
            (answer.events[3].status.as_deref(), answer.events[3].reason.as_ref().unwrap().get()),
            (Some("Failure"), r#"{"code":"Gone"}"#)
        );
        for (text, lead) in [
            (r#"{"_links":{"next":{"href":"/n"}}}"#, Lead::Next("/n".to_owned())),
            (r#"{"_links":{"resync":{"href":"/n"}},"sender":[]}"#, Lead::Resync("/n".to_owned())),
            (r#"{"_links":{"resume":{"href":"/n"},"next":{"href":"/o"}},"sender":null}"#, Lead::Resume("/n".to_owned())),
        ] {
            let answer = Answer::read(text).unwrap();
            assert!(answer.lead == lead && answer.events.is_empty());
        }
        assert!(Answer::read("{}").is_err() && Answer::read("<html>").is_err());
    }
}
