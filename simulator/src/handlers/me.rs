//! The signed-in user.

use serde_json::Value;

use super::Context;
use super::resource::{Resource, segment};
use crate::http::Answer;
use crate::state::State;

pub(crate) fn me(state: &State, context: &Context<'_>) -> Answer {
    Answer::json(200, &resource(state, context))
}

pub(crate) fn resource(state: &State, context: &Context<'_>) -> Value {
    let me = &state.directory.me;
    let below = |path: &str| context.href(&format!("/me{path}"));
    let available = state.applications.get(context.application).is_some_and(|application| application.made_available);
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
    } else {
        resource = resource.link("makeMeAvailable", below("/makeMeAvailable"));
    }
    resource
        .link("callForwardingSettings", below("/callForwardingSettings"))
        .link("phones", below("/phones"))
        .link("photo", context.href(&format!("/photos/{}", segment(me.address()))))
        .rel("me")
}

pub(crate) fn phones(state: &State, context: &Context<'_>) -> Answer {
    let me = &state.directory.me;
    let known = [("work", &me.work_phone), ("mobile", &me.mobile_phone), ("home", &me.home_phone), ("other", &me.other_phone)];
    let phones = known.iter().filter_map(|(kind, number)| {
        let href = context.href(&format!("/me/phones/{kind}"));
        let phone = Resource::at(href.clone())
            .property("number", number.as_deref()?)
            .property("type", *kind)
            .property("includeInContactCard", true)
            .link("changeNumber", format!("{href}/changeNumber"))
            .link("changeVisibility", format!("{href}/changeVisibility"));
        Some(phone.rel("phone"))
    });
    let phones: Vec<Value> = phones.collect();
    Answer::json(200, &Resource::at(context.href("/me/phones")).embed("phone", phones).rel("phones"))
}

pub(crate) fn needs_availability() -> Answer {
    Answer::error(409, Some("MakeMeAvailableRequired"), "The user has to be made available first.")
}
