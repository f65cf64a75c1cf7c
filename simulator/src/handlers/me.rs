//! The signed-in user.

use serde_json::Value;

use super::input::Input;
use super::resource::{Resource, segment};
use super::{Context, allow, either};
use crate::directory::{Note, Presence};
use crate::http::Answer;
use crate::routes::Kind;
use crate::state::State;

/// What users may choose.
pub(crate) const AVAILABILITIES: [&str; 6] = ["Online", "Busy", "DoNotDisturb", "BeRightBack", "Away", "Offwork"];
const NOTE_LIMIT: usize = 500;
const LOCATION_LIMIT: usize = 60;

pub(crate) fn me(state: &State, context: &Context<'_>) -> Answer {
    Answer::json(200, &resource(state, context))
}

pub(crate) fn resource(state: &State, context: &Context<'_>) -> Value {
    let me = &state.directory().me;
    let below = |path: &str| context.href(&format!("/me{path}"));
    let available = is_available(state, context).is_ok();
    let mut resource = Resource::at(below(""))
        .maybe("name", me.name.as_deref())
        .property("uri", me.uri())
        .property("emailAddresses", me.emails.clone())
        .maybe("title", me.title.as_deref())
        .maybe("department", me.department.as_deref())
        .maybe("company", me.company.as_deref())
        .maybe("officeLocation", me.office.as_deref())
        .maybe("workPhoneNumber", me.work_phone.as_deref())
        .maybe("mobilePhoneNumber", me.mobile_phone.as_deref())
        .maybe("homePhoneNumber", me.home_phone.as_deref())
        .maybe("otherPhoneNumber", me.other_phone.as_deref());
    // Until the application made its user available there is nothing to report or to change.
    if available {
        for own in ["note", "presence", "location", "reportMyActivity"] {
            resource = resource.link(own, below(&format!("/{own}")));
        }
    } else if context.revised {
        resource = resource.link_2("makeMeAvailable", below("/makeMeAvailable"));
    } else {
        resource = resource.link("makeMeAvailable", below("/makeMeAvailable"));
    }
    resource
        .link("callForwardingSettings", below("/callForwardingSettings"))
        .link("phones", below("/phones"))
        .link("photo", context.href(&format!("/photos/{}", segment(me.address()))))
        .rel("me")
}

/// What others see of the user: presence, note, place. There once the user was made available.
pub(crate) fn published(state: &mut State, context: &Context<'_>) -> Answer {
    allow(context.request, &["GET", "POST"], || either(read_or_publish(state, context)))
}

fn read_or_publish(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    is_available(state, context)?;
    if context.request.method == "POST" {
        publish(state, context)?;
        return Ok(Answer::no_content());
    }
    Ok(Answer::json(200, &part(state, context, context.kind)))
}

/// Presence, note or place.
pub(crate) fn part(state: &State, context: &Context<'_>, kind: Kind) -> Value {
    let me = &state.directory().me;
    let resource = Resource::at(context.href(&format!("/me/{}", kind.name())));
    let resource = match kind {
        Kind::Presence => {
            resource.maybe("availability", me.presence.availability.as_deref()).maybe("activity", me.presence.activity.as_deref())
        }
        Kind::Note => {
            let (message, kind) = me.note.as_ref().map_or(("", "Personal"), |note| (&note.message, &note.kind));
            resource.property("message", message).property("type", kind)
        }
        _ => resource.maybe("location", me.location.as_deref()),
    };
    resource.rel(kind.name())
}

/// An empty body takes back what was published.
fn publish(state: &mut State, context: &Context<'_>) -> Result<(), Answer> {
    let input = Input::of(context.request)?;
    match context.kind {
        Kind::Presence => {
            let availability = input.choice("availability", &AVAILABILITIES)?;
            state.publish(presence_as(availability.unwrap_or("Online")));
        }
        Kind::Note => {
            let message = input.text("message", NOTE_LIMIT)?.filter(|message| !message.trim().is_empty());
            state.change(|directory| directory.me.note = message.map(|message| Note::personal(&message)));
        }
        _ => {
            let location = input.text("location", LOCATION_LIMIT)?.filter(|location| !location.trim().is_empty());
            state.change(|directory| directory.me.location = location);
        }
    }
    Ok(())
}

/// Whether the application made its user available.
pub(crate) fn is_available(state: &State, context: &Context<'_>) -> Result<(), Answer> {
    if state.application(context.application).is_some_and(|application| application.available.is_some()) {
        return Ok(());
    }
    Err(Answer::error(409, Some("MakeMeAvailableRequired"), "The user has to be made available first."))
}

/// The presence of somebody who chose this availability.
pub(crate) fn presence_as(chosen: &str) -> Presence {
    let (availability, activity) = match chosen {
        "Busy" => ("Busy", "Busy"),
        "DoNotDisturb" => ("DoNotDisturb", "Do Not Disturb"),
        "BeRightBack" => ("BeRightBack", "Be Right Back"),
        "Away" => ("Away", "Away"),
        "Offwork" => ("Away", "off-work"),
        _ => ("Online", "Available"),
    };
    Presence { activity: Some(activity.into()), device_type: Some("Web".into()), ..Presence::available(availability) }
}
