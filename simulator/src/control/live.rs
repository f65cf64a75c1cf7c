//! Time, subscriptions, and what befalls the server as a whole.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Refusal, body};
use crate::directory::{key, sip_uri};
use crate::http::Request;
use crate::state::State;

pub(super) fn clock(state: &State) -> Value {
    let advanced = u64::try_from(state.clock.advanced().as_millis()).unwrap_or(u64::MAX);
    json!({"unixMs": state.clock.unix_ms(), "advancedMs": advanced, "speed": state.clock.speed()})
}

/// Moves the clock forward, sets its speed, or both.
pub(super) fn set_clock(state: &mut State, request: &Request) -> Result<Value, Refusal> {
    let allowed = json!({"advanceMs": "integer, not negative", "speed": "number, not negative; 0 stops the clock"});
    let change = body(request, allowed.clone())?;
    let refuse = |what: &str| Refusal(400, what.to_owned(), allowed.clone());
    let (by, speed) = (change.get("advanceMs"), change.get("speed"));
    if by.is_none() && speed.is_none() {
        return Err(refuse("advanceMs and speed are missing"));
    }
    let by = by.map(|by| by.as_u64().ok_or_else(|| refuse("advanceMs is no such number"))).transpose()?;
    let speed = speed.map(|speed| speed.as_f64().filter(|speed| *speed >= 0.0).ok_or_else(|| refuse("speed is no such number")));
    if let Some(speed) = speed.transpose()? {
        state.set_speed(speed);
    }
    if let Some(by) = by {
        state.advance(Duration::from_millis(by));
    }
    Ok(clock(state))
}

pub(super) fn subscriptions(state: &State) -> Value {
    json!({"subscribed": state.subscribed(), "pendingEvents": state.pending()})
}

pub(super) fn refusals(state: &State) -> Value {
    json!({"refusals": state.refused})
}

/// Lets nobody subscribe to this person, or anybody again.
pub(super) fn refuse(state: &mut State, address: &str, refuse: bool) -> Value {
    let key = key(&sip_uri(address));
    if refuse {
        state.refused.insert(key);
    } else {
        state.refused.remove(&key);
    }
    refusals(state)
}

pub(super) fn offline(state: &State) -> Value {
    json!({"offline": state.is_offline()})
}

pub(super) fn set_offline(state: &mut State, request: &Request) -> Result<Value, Refusal> {
    let allowed = json!({"offline": "true or false"});
    let wanted = body(request, allowed.clone())?["offline"].as_bool();
    let wanted = wanted.ok_or_else(|| Refusal(400, "offline is missing or neither true nor false".into(), allowed))?;
    state.set_offline(wanted);
    Ok(offline(state))
}
