//! The control endpoint: what a program that is not written in Rust tells the simulator.

mod faults;
mod live;
mod requests;
mod settings;

use std::sync::Mutex;

use serde::Serialize;
use serde_json::{Value, json};

use crate::http::{Answer, Request, decode};
use crate::state::{State, lock};

/// What there is, for the overview and for those who asked for something else.
const ENDPOINTS: [&str; 29] = [
    "GET /",
    "GET /people",
    "PUT /presence/{address}",
    "GET /faults",
    "POST /faults",
    "DELETE /faults",
    "GET /clock",
    "POST /clock",
    "GET /settings",
    "PUT /settings",
    "GET /changes",
    "DELETE /changes",
    "GET /requests",
    "DELETE /requests",
    "GET /subscriptions",
    "POST /subscriptions/expire",
    "POST /subscriptions/end",
    "GET /refusals",
    "PUT /refusals/{address}",
    "DELETE /refusals/{address}",
    "POST /events/cut",
    "POST /restart",
    "GET /offline",
    "PUT /offline",
    "POST /tokens/expire",
    "POST /applications/delete",
    "POST /applications/expire",
    "PUT /password",
    "POST /move",
];

/// Answers a request of the control endpoint.
pub(crate) fn answer(state: &Mutex<State>, request: &Request) -> Answer {
    let path = request.path().trim_matches('/');
    let segments: Vec<String> = if path.is_empty() { Vec::new() } else { path.split('/').map(decode).collect() };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let state = &mut *lock(state);
    state.catch_up();
    let done = match (request.method.as_str(), segments.as_slice()) {
        ("GET", []) => Ok(overview(state)),
        ("GET", ["people"]) => Ok(people(state)),
        ("PUT", ["presence", address]) => presence(state, address, request),
        ("GET", ["faults"]) => Ok(json!({"faults": state.faults.list()})),
        ("POST", ["faults"]) => faults::order(state, request),
        ("DELETE", ["faults"]) => {
            state.faults.clear();
            Ok(json!({"faults": []}))
        }
        ("GET", ["clock"]) => Ok(live::clock(state)),
        ("POST", ["clock"]) => live::set_clock(state, request),
        ("GET", ["settings"]) => Ok(json!(state.settings.switches)),
        ("PUT", ["settings"]) => settings::change(state, request),
        ("GET", ["changes"]) => Ok(changes(state)),
        ("DELETE", ["changes"]) => {
            state.forget_changes();
            Ok(changes(state))
        }
        ("GET", ["requests"]) => requests::requests(state, request),
        ("DELETE", ["requests"]) => {
            state.journal.clear();
            requests::requests(state, request)
        }
        ("POST", ["tokens", "expire"]) => {
            state.tokens.clear();
            Ok(json!({}))
        }
        ("POST", ["applications", "delete"]) => {
            state.end_applications(|applications| applications.delete_all());
            Ok(json!({"applications": state.application_ids()}))
        }
        ("POST", ["applications", "expire"]) => {
            state.end_applications(|applications| applications.expire_all());
            Ok(json!({"applications": state.application_ids()}))
        }
        ("GET", ["subscriptions"]) => Ok(live::subscriptions(state)),
        ("POST", ["subscriptions", "expire"]) => {
            state.expire_subscriptions();
            Ok(live::subscriptions(state))
        }
        ("POST", ["subscriptions", "end"]) => {
            state.end_subscriptions();
            Ok(live::subscriptions(state))
        }
        ("GET", ["refusals"]) => Ok(live::refusals(state)),
        ("PUT", ["refusals", address]) => Ok(live::refuse(state, address, true)),
        ("DELETE", ["refusals", address]) => Ok(live::refuse(state, address, false)),
        ("POST", ["events", "cut"]) => {
            state.cut_events();
            Ok(live::subscriptions(state))
        }
        ("POST", ["restart"]) => {
            state.restart();
            Ok(json!({}))
        }
        ("GET", ["offline"]) => Ok(live::offline(state)),
        ("PUT", ["offline"]) => live::set_offline(state, request),
        ("PUT", ["password"]) => password(state, request),
        ("POST", ["move"]) => move_home(state, request),
        _ => Err(Refusal(404, format!("there is no {} {}", request.method, request.path()), json!(ENDPOINTS))),
    };
    match done {
        Ok(value) => json_answer(200, &value),
        Err(Refusal(status, error, allowed)) => json_answer(status, &json!({"error": error, "allowed": allowed})),
    }
}

/// Status, what is wrong, and what is allowed.
struct Refusal(u16, String, Value);

/// This endpoint writes plain JSON, with a line end for people.
fn json_answer(status: u16, value: &impl Serialize) -> Answer {
    let mut body = serde_json::to_vec(value).unwrap_or_default();
    body.push(b'\n');
    Answer { body, ..Answer::new(status) }.header("Content-Type", "application/json")
}

fn body(request: &Request, allowed: Value) -> Result<Value, Refusal> {
    serde_json::from_slice(&request.body).map_err(|error| Refusal(400, format!("the body is no JSON: {error}"), allowed))
}

fn overview(state: &State) -> Value {
    let mut overview = state.ready();
    overview["clock"] = live::clock(state);
    overview["people"] = json!(state.directory().people().count());
    overview["contacts"] = json!(state.directory().contacts().len());
    overview["groups"] = state.directory().groups().iter().map(|group| json!({"id": group.id, "name": group.name})).collect();
    overview["applications"] = json!(state.application_ids());
    overview["faults"] = json!(state.faults.list());
    overview["requests"] = json!(state.journal.total());
    overview["connections"] = json!(state.connections);
    overview["outstanding"] = json!(state.under_way.count());
    overview["pendingEvents"] = json!(state.pending());
    overview["offline"] = json!(state.is_offline());
    overview["settings"] = json!(state.settings.switches);
    overview["endpoints"] = json!(ENDPOINTS);
    overview
}

fn people(state: &State) -> Value {
    let people = state.directory().people().map(|person| {
        let mut value = json!({"uri": person.uri(), "name": person.name, "presence": person.presence});
        if let Some(note) = &person.note {
            value["note"] = json!(note.message);
        }
        if let Some(location) = &person.location {
            value["location"] = json!(location);
        }
        value
    });
    json!({"people": people.collect::<Vec<_>>()})
}

fn presence(state: &mut State, address: &str, request: &Request) -> Result<Value, Refusal> {
    let allowed = json!({"availability": "string or null", "activity": "string or null", "deviceType": "string or null", "lastActiveMs": "integer or null"});
    let change = body(request, allowed.clone())?;
    state.change(|directory| {
        let Some(person) = directory.person_mut(address) else {
            return Err(Refusal(404, format!("there is nobody of the address {address}"), json!("an address of GET /people")));
        };
        person.presence.change(&change).map_err(|error| Refusal(400, error, allowed))?;
        Ok(json!({"uri": person.uri(), "presence": person.presence}))
    })
}

fn changes(state: &State) -> Value {
    json!({"changes": state.changes().collect::<Vec<_>>()})
}

fn password(state: &mut State, request: &Request) -> Result<Value, Refusal> {
    let allowed = json!({"password": "string"});
    match body(request, allowed.clone())?["password"].as_str() {
        Some(new) => state.settings.password = new.into(),
        None => return Err(Refusal(400, "password is missing or no string".into(), allowed)),
    }
    Ok(json!({}))
}

fn move_home(state: &mut State, request: &Request) -> Result<Value, Refusal> {
    let allowed = json!({"host": "string, or null for the host that is asked"});
    state.settings.applications_host = match body(request, allowed.clone())?.get("host") {
        Some(Value::String(host)) => Some(host.clone()),
        Some(Value::Null) => None,
        _ => return Err(Refusal(400, "host is missing or no string".into(), allowed)),
    };
    state.end_applications(|applications| applications.delete_all());
    Ok(json!({"host": state.settings.applications_host}))
}
