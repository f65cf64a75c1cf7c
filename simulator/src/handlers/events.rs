//! The event channel as P-GETs see it: letting one in, and what it is answered.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::{Context, ended, enter, event_set, is_revised, method_not_allowed};
use crate::errors;
use crate::http::{Answer, Request};
use crate::routes::{Kind, Route};
use crate::state::{Arrived, Looked, State, Wake, Wishes};

/// A P-GET that waits.
pub(crate) struct Place {
    pub(crate) application: String,
    pub(crate) ticket: u64,
    pub(crate) wake: Arc<Wake>,
    echo: Uuid,
}

/// What a P-GET that waits does next.
pub(crate) enum Next {
    Answer(Answer),
    /// Its connection is reset.
    Cut,
    /// It looks again when it is woken, or after so long a time.
    Wait(Option<Duration>),
}

/// Lets a P-GET in to wait, or answers it at once.
pub(crate) fn arrive(state: &mut State, route: &Route, request: &Request) -> Result<Place, Answer> {
    enter(state, route, request)?;
    if request.method != "GET" {
        return Err(method_not_allowed(&["GET"]));
    }
    let ack = number(request, "ack", &(1..=u64::MAX))?;
    let ack = ack.ok_or_else(|| errors::invalid_parameter("ack", "The parameter is required."))?;
    let seconds = |name, least| Ok(number(request, name, &(least..=1800))?.map(Duration::from_secs));
    let wishes = Wishes {
        low: seconds("low", 5)?,
        medium: seconds("medium", 5)?,
        priority: number(request, "priority", &(0..=1800))?,
        timeout: seconds("timeout", 180)?,
    };
    let application = route.application.clone().unwrap_or_default();
    let echo = state.application(&application).map(|application| application.echo).unwrap_or_default();
    let (ticket, arrived) = state.arrive(&application, ack, request.query("key").as_deref(), wishes).map_err(ended)?;
    let first = |state: &State| {
        let (first, key) = state.live(&application).map_or((1, ""), |live| live.channel.first());
        address(&application, first, key)
    };
    match arrived {
        Arrived::Parked(wake) => Ok(Place { application, ticket, wake, echo }),
        Arrived::Again(body) => Err(answer(body)),
        Arrived::Resync => Err(Answer::json(200, &json!({"_links": {"resync": {"href": first(state)}}}))),
        Arrived::Resume => Err(Answer::json(200, &json!({"_links": {"resume": {"href": first(state)}}}))),
    }
}

/// What a P-GET that waits does now.
pub(crate) fn look(state: &mut State, place: &Place, request: &Request) -> Next {
    if place.wake.is_cut() {
        return Next::Cut;
    }
    let events = match state.look(&place.application, place.ticket) {
        Err(reason) => return Next::Answer(ended(reason)),
        Ok(Looked::Replaced) => {
            return Next::Answer(Answer::error(409, Some("PGetReplaced"), "A new request for events has taken the place of this one."));
        }
        Ok(Looked::Wait(time)) => return Next::Wait(time),
        Ok(Looked::Set(events)) => events,
    };
    let context = Context {
        request,
        kind: Kind::Events,
        argument: "",
        application: &place.application,
        echo: place.echo,
        revised: is_revised(state, request),
    };
    let (number, key) = state.live(&place.application).map_or((1, ""), |live| live.channel.first());
    let links = json!({
        "self": {"href": address(&place.application, number, key)},
        "next": {"href": address(&place.application, number + 1, key)},
    });
    let Answer { body, .. } = Answer::json(200, &event_set::write(state, &context, &links, &events));
    state.sent(&place.application, body.clone());
    Next::Answer(answer(body))
}

fn answer(body: Vec<u8>) -> Answer {
    Answer { body, ..Answer::new(200) }.header("Content-Type", crate::http::JSON)
}

fn address(application: &str, number: u64, key: &str) -> String {
    format!("{}/{application}/events?ack={number}&key={key}", crate::routes::APPLICATIONS)
}

fn number(request: &Request, name: &str, range: &RangeInclusive<u64>) -> Result<Option<u64>, Answer> {
    let Some(text) = request.query(name) else {
        return Ok(None);
    };
    let number = text.parse().ok().filter(|number| range.contains(number));
    number
        .map(Some)
        .ok_or_else(|| errors::invalid_parameter(name, &format!("A number from {} to {} is needed.", range.start(), range.end())))
}
