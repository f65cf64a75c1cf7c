//! The user's telephones, and where calls go.

use serde_json::Value;

use super::Context;
use super::resource::Resource;
use crate::errors;
use crate::http::Answer;
use crate::state::{State, hash};

const KINDS: [&str; 4] = ["work", "mobile", "home", "other"];

pub(crate) fn phones(state: &State, context: &Context<'_>) -> Answer {
    let phones: Vec<Value> = KINDS.iter().filter_map(|kind| resource(state, context, kind)).collect();
    Answer::json(200, &Resource::at(context.href("/me/phones")).embed("phone", phones).rel("phones"))
}

pub(crate) fn phone(state: &State, context: &Context<'_>) -> Answer {
    resource(state, context, context.argument).map_or_else(errors::resource_not_found, |phone| Answer::json(200, &phone))
}

fn resource(state: &State, context: &Context<'_>, kind: &str) -> Option<Value> {
    let me = &state.directory().me;
    let number = match kind {
        "work" => &me.work_phone,
        "mobile" => &me.mobile_phone,
        "home" => &me.home_phone,
        "other" => &me.other_phone,
        _ => return None,
    };
    let number = number.as_deref()?;
    let href = context.href(&format!("/me/phones/{kind}"));
    let phone = Resource::at(href.clone())
        .property("number", number)
        .property("type", kind)
        .property("includeInContactCard", true)
        .link("changeNumber", format!("{href}/changeNumber"))
        .link("changeVisibility", format!("{href}/changeVisibility"));
    Some(phone.etag(hash(&[kind, number]).to_string()).rel("phone"))
}

/// Calls ring where they are meant to.
pub(crate) fn call_forwarding(_: &State, context: &Context<'_>) -> Answer {
    let own = context.href("/me/callForwardingSettings");
    let settings = |rel: &str| Resource::at(format!("{own}/{rel}")).property("target", "None");
    let resource = Resource::at(&*own)
        .property("activePeriod", "Always")
        .property("activeSetting", "None")
        .property("unansweredCallHandling", "Disabled")
        .link("turnOffCallForwarding", format!("{own}/turnOffCallForwarding"))
        .embed("immediateForwardSettings", settings("immediateForwardSettings").rel("immediateForwardSettings"))
        .embed("simultaneousRingSettings", settings("simultaneousRingSettings").property("ringDelay", 0).rel("simultaneousRingSettings"))
        .embed("unansweredCallSettings", settings("unansweredCallSettings").property("ringDelay", 20).rel("unansweredCallSettings"));
    Answer::json(200, &resource.rel("callForwardingSettings"))
}
