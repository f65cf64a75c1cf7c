//! One person: the contact and what is known about them.

use serde_json::Value;

use super::resource::{Resource, date, segment};
use super::{Context, tagged};
use crate::directory::Person;
use crate::errors;
use crate::http::Answer;
use crate::routes::Kind;
use crate::state::{State, hash};

/// How long a contact is good for, as it says itself.
const FRESH_MS: i64 = 24 * 60 * 60 * 1000;

/// The address of a contact, always in lower case.
pub(crate) fn href(context: &Context<'_>, person: &Person) -> String {
    context.href(&format!("/people/{}", segment(&person.address().to_lowercase())))
}

pub(crate) fn answer(state: &State, context: &Context<'_>) -> Answer {
    let Some(person) = state.directory().person(context.argument) else {
        return errors::resource_not_found();
    };
    if context.kind != Kind::Contact {
        return Answer::json(200, &part(context, context.kind, person));
    }
    let etag = etag(person);
    tagged(context.request, &etag, || {
        let expires = date(state.clock.unix_ms() + FRESH_MS);
        Answer::json(200, &describe(context, person).property("expires", expires).etag(&*etag).rel("contact"))
    })
}

/// What has a resource of its own: presence, note, place, modalities.
pub(crate) fn part(context: &Context<'_>, kind: Kind, person: &Person) -> Value {
    let own = href(context, person);
    let at = |path: &str| Resource::at(format!("{own}/{path}"));
    let resource = match kind {
        Kind::ContactPresence => {
            let presence = &person.presence;
            at("presence")
                .maybe("availability", presence.availability.as_deref())
                .maybe("activity", presence.activity.as_deref())
                .maybe("deviceType", presence.device_type.as_deref())
                .maybe("lastActive", presence.last_active_ms.map(date))
        }
        Kind::ContactNote => {
            let (message, kind) = person.note.as_ref().map_or(("", "Personal"), |note| (&note.message, &note.kind));
            at("note").property("message", message).property("type", kind)
        }
        Kind::ContactLocation => at("location").maybe("location", person.location.as_deref()),
        _ => at("supportedMedia").property("modalities", person.modalities.clone()),
    };
    resource.rel(kind.name())
}

pub(crate) fn resource(context: &Context<'_>, person: &Person) -> Value {
    describe(context, person).etag(etag(person)).rel("contact")
}

fn describe(context: &Context<'_>, person: &Person) -> Resource {
    let own = href(context, person);
    let mut resource = Resource::at(own.clone()).property("uri", person.uri()).maybe("sourceNetwork", person.source_network.as_deref());
    if !person.emails.is_empty() {
        resource = resource.property("emailAddresses", person.emails.clone());
    }
    resource = resource
        .maybe("type", person.kind.as_deref())
        .maybe("name", person.name.as_deref())
        .maybe("title", person.title.as_deref())
        .maybe("department", person.department.as_deref())
        .maybe("company", person.company.as_deref())
        .maybe("office", person.office.as_deref())
        .maybe("workPhoneNumber", person.work_phone.as_deref())
        .maybe("mobilePhoneNumber", person.mobile_phone.as_deref())
        .maybe("homePhoneNumber", person.home_phone.as_deref())
        .maybe("otherPhoneNumber", person.other_phone.as_deref());
    if person.photo {
        resource = resource.link("contactPhoto", context.href(&format!("/photos/{}", segment(person.address()))));
    }
    let resource = resource
        .link("contactPresence", format!("{own}/presence"))
        .link("contactLocation", format!("{own}/location"))
        .link("contactNote", format!("{own}/note"))
        .link("contactSupportedModalities", format!("{own}/supportedMedia"));
    let privacy = format!("{own}/privacyRelationship");
    if context.revised {
        resource.link_2("contactPrivacyRelationship", privacy)
    } else {
        resource.link("contactPrivacyRelationship", privacy)
    }
}

/// Stays the same while the person's own data does.
fn etag(person: &Person) -> String {
    let optional = [
        &person.name,
        &person.title,
        &person.department,
        &person.company,
        &person.office,
        &person.work_phone,
        &person.mobile_phone,
        &person.home_phone,
        &person.other_phone,
        &person.source_network,
        &person.kind,
    ];
    let mut texts = vec![person.uri()];
    texts.extend(optional.iter().map(|text| text.as_deref().unwrap_or_default()));
    texts.extend(person.emails.iter().map(String::as_str));
    hash(&texts).to_string()
}
