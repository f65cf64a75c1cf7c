//! The subscription to the contact list itself.

use std::time::Duration;

use serde_json::Value;

use super::Context;
use super::input::Input;
use super::resource::Resource;
use crate::http::Answer;
use crate::state::State;

const MINUTES: std::ops::RangeInclusive<u64> = 10..=60;

pub(crate) fn subscription(state: &State, context: &Context<'_>) -> Answer {
    Answer::json(200, &resource(state, context))
}

pub(crate) fn resource(state: &State, context: &Context<'_>) -> Value {
    let own = context.href("/people/contactsAndGroupsSubscription");
    let connected = state.live(context.application).is_some_and(crate::state::Live::is_connected);
    Resource::at(&*own)
        .property("state", if connected { "Connected" } else { "Disconnected" })
        .link("startOrRefreshSubscriptionToContactsAndGroups", format!("{own}/startOrRefresh"))
        .link("stopSubscriptionToContactsAndGroups", format!("{own}/stop"))
        .rel("myContactsAndGroupsSubscription")
}

pub(crate) fn start(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    let length: Duration = Input::of(context.request)?.minutes("duration", &MINUTES)?;
    state.change_live(context.application, |live, now| live.connect(length, now));
    let own = context.href("/people/contactsAndGroupsSubscription");
    Ok(Answer::json(201, &resource(state, context)).header("Location", own))
}

pub(crate) fn stop(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    state.change_live(context.application, super::super::state::Live::disconnect);
    Ok(Answer::no_content())
}
