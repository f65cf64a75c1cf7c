//! Writing down what is told: events by their senders.

use serde_json::{Map, Value, json};

use super::resource::segment;
use super::{Context, contact, groups, me, subscriptions};
use crate::directory::ChangeKind;
use crate::routes::Kind;
use crate::state::{Event, State, Topic, Within};

/// The answer to a P-GET.
pub(crate) fn write(state: &State, context: &Context<'_>, links: &Value, events: &[Event]) -> Value {
    if events.is_empty() {
        return json!({"_links": {"next": links["next"]}});
    }
    let switches = &state.settings.switches;
    let mut senders: [(&str, Vec<Value>); 2] = [("people", Vec::new()), ("me", Vec::new())];
    for event in events {
        let mut told = json!({"link": link(state, context, &event.topic)});
        if let Some(within) = within(state, context, &event.topic) {
            told["in"] = within;
        }
        told["type"] = json!(event.kind);
        if switches.embed_events
            && let Some(resource) = resource(state, context, event)
        {
            told["_embedded"] = json!({ event.topic.rel: resource });
        }
        let is_mine = ["me", "presence", "note", "location"].contains(&event.topic.rel);
        senders[usize::from(is_mine)].1.push(told);
    }
    let (mut written, mut repeated) = (Vec::new(), Vec::new());
    for (rel, mut events) in senders {
        let sender = |events: Vec<Value>| json!({"rel": rel, "href": context.href(&format!("/{rel}")), "events": events});
        if switches.repeat_senders && events.len() > 1 {
            repeated.push(sender(events.split_off(events.len().div_ceil(2))));
        }
        if !events.is_empty() {
            written.push(sender(events));
        }
    }
    written.append(&mut repeated);
    json!({"_links": links, "sender": written})
}

/// The address of a contact, be there one or not.
fn contact_href(context: &Context<'_>, key: &str) -> String {
    let address = key.split_once(':').map_or(key, |(_, address)| address);
    context.href(&format!("/people/{}", segment(address)))
}

fn group_href(context: &Context<'_>, id: &str) -> String {
    context.href(&format!("/people/groups/{}", segment(id)))
}

fn link(state: &State, context: &Context<'_>, topic: &Topic) -> Value {
    let subject = topic.subject.as_str();
    let part = |path: &str| format!("{}/{path}", contact_href(context, subject));
    let mut title = None;
    let href = match topic.rel {
        "me" => context.href("/me"),
        own @ ("presence" | "note" | "location") => context.href(&format!("/me/{own}")),
        "contactPresence" => part("presence"),
        "contactNote" => part("note"),
        "contactLocation" => part("location"),
        "contactSupportedModalities" => part("supportedMedia"),
        "contactPrivacyRelationship" => part("privacyRelationship"),
        "contact" => {
            title = state.directory().person(subject).and_then(|person| person.name.as_deref());
            contact_href(context, subject)
        }
        "presenceSubscription" => subscriptions::href(context, subject),
        "myContactsAndGroupsSubscription" => context.href("/people/contactsAndGroupsSubscription"),
        _ => {
            title = state.directory().group(subject).map(|group| group.name.as_str());
            group_href(context, subject)
        }
    };
    let mut link = Map::new();
    link.insert("rel".into(), topic.rel.into());
    link.insert("href".into(), href.into());
    if let Some(title) = title {
        link.insert("title".into(), title.into());
    }
    Value::Object(link)
}

fn within(state: &State, context: &Context<'_>, topic: &Topic) -> Option<Value> {
    let (rel, href) = match &topic.within {
        Within::Nothing => return None,
        Within::Contact => ("contact", contact_href(context, &topic.subject)),
        Within::MyContacts => ("myContacts", context.href("/people/contacts")),
        Within::MyGroups => ("myGroups", context.href("/people/groups")),
        Within::SubscribedContacts => ("subscribedContacts", context.href("/people/subscribedContacts")),
        Within::Group(id) => (state.directory().group(id).map_or("group", |group| group.kind.rel()), group_href(context, id)),
    };
    Some(json!({"rel": rel, "href": href}))
}

/// The resource as it is now, where the server brings it along.
fn resource(state: &State, context: &Context<'_>, event: &Event) -> Option<Value> {
    let subject = event.topic.subject.as_str();
    let person = || state.directory().person(subject);
    match (event.topic.rel, event.kind) {
        (_, ChangeKind::Deleted) | ("presenceSubscription", ChangeKind::Added) | ("contactPrivacyRelationship", _) => None,
        ("me", _) => Some(me::resource(state, context)),
        ("presence", _) => Some(me::part(state, context, Kind::Presence)),
        ("note", _) => Some(me::part(state, context, Kind::Note)),
        ("location", _) => Some(me::part(state, context, Kind::Location)),
        ("contactPresence", _) => Some(contact::part(context, Kind::ContactPresence, person()?)),
        ("contactNote", _) => Some(contact::part(context, Kind::ContactNote, person()?)),
        ("contactLocation", _) => Some(contact::part(context, Kind::ContactLocation, person()?)),
        ("contactSupportedModalities", _) => Some(contact::part(context, Kind::ContactSupportedModalities, person()?)),
        ("contact", _) => Some(contact::resource(context, person()?)),
        ("presenceSubscription", _) => {
            subscriptions::find(state, context, subject).map(|found| subscriptions::resource(context, subject, found))
        }
        ("myContactsAndGroupsSubscription", _) => Some(super::list_subscription::resource(state, context)),
        _ => Some(groups::resource(context, state.directory().group(subject)?)),
    }
}
