//! The switches, changed while everything runs.

use serde_json::{Value, json};

use super::{Refusal, body};
use crate::http::Request;
use crate::state::State;

/// Changes what is named, all of it or nothing.
pub(super) fn change(state: &mut State, request: &Request) -> Result<Value, Refusal> {
    let mut switches = json!(state.settings.switches);
    let allowed = switches.clone();
    let change = body(request, allowed.clone())?;
    let Value::Object(members) = change else {
        return Err(Refusal(400, "an object is needed".into(), allowed));
    };
    for (name, value) in members {
        switches[name] = value;
    }
    // The names are checked here as well.
    state.settings.switches = serde_json::from_value(switches).map_err(|error| Refusal(400, error.to_string(), allowed))?;
    state.settings_changed();
    Ok(json!(state.settings.switches))
}
