//! Ordering faults.

use serde_json::{Value, json};

use super::{Refusal, body};
use crate::fault::Fault;
use crate::http::Request;
use crate::routes::Kind;
use crate::state::State;

/// Orders one fault, or a list of them.
pub(super) fn order(state: &mut State, request: &Request) -> Result<Value, Refusal> {
    let allowed = json!({
        "kind": {
            "status": ["status", "headers", "body"],
            "respond": ["status", "headers", "body"],
            "delay": ["ms"],
            "drop": [],
            "reset": [],
            "answerThenReset": ["delayMs"],
            "closeAfter": [],
            "loseAnswer": [],
            "truncate": ["bytes"],
            "wrongType": ["contentType"],
            "htmlPage": ["status"],
            "hang": [],
        },
        "route": Kind::NAMES,
        "method": "string",
        "path": "part of path and query",
        "host": "string",
        "skip": "integer, 0",
        "times": "integer, 1, or null for ever",
    });
    let refuse = |error: String| Refusal(400, error, allowed.clone());
    let ordered = match body(request, allowed.clone())? {
        Value::Array(list) => list,
        one => vec![one],
    };
    let mut faults = Vec::new();
    for value in ordered {
        // Serde takes what it does not know as something for somebody else; a misspelt member must not pass.
        let named = allowed["kind"][value["kind"].as_str().unwrap_or_default()].as_array().cloned().unwrap_or_default();
        for name in value.as_object().into_iter().flat_map(|members| members.keys()) {
            if allowed.get(name).is_none() && !named.iter().any(|own| own == name) {
                return Err(refuse(format!("a fault of this kind has no {name}")));
            }
        }
        let fault: Fault = serde_json::from_value(value).map_err(|error| refuse(format!("this is no fault: {error}")))?;
        if let Some(route) = &fault.route
            && !Kind::NAMES.iter().any(|name| name.eq_ignore_ascii_case(route))
        {
            return Err(refuse(format!("there is no route {route}")));
        }
        faults.push(fault);
    }
    faults.into_iter().for_each(|fault| state.faults.order(fault));
    Ok(json!({"faults": state.faults.list()}))
}
