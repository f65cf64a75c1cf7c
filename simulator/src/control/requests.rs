//! What was asked.

use serde_json::{Map, Value, json};

use super::Refusal;
use crate::http::Request;
use crate::record::RequestRecord;
use crate::routes::Kind;
use crate::state::State;

/// Counts: of one route where it is named, else of all, and where wanted every request. Those in batches apart.
pub(super) fn requests(state: &State, request: &Request) -> Result<Value, Refusal> {
    let journal = &state.journal;
    if let Some(route) = request.query("route") {
        return match Kind::NAMES.contains(&route.as_str()) {
            true => Ok(json!({"route": route, "count": journal.count(&route), "batched": journal.count_batched(&route)})),
            false => Err(Refusal(400, format!("there is no route {route}"), json!({"route": Kind::NAMES}))),
        };
    }
    let mut value = json!({
        "total": journal.total(),
        "connections": state.connections,
        "routes": by_route(journal.counts()),
        "batchedRoutes": by_route(journal.batched_counts()),
    });
    if request.query("list").as_deref() == Some("true") {
        value["records"] = journal.records().map(shown).collect();
        value["batchedRecords"] = journal.batched().map(shown).collect();
    }
    Ok(value)
}

fn by_route(counts: Vec<(&str, usize)>) -> Map<String, Value> {
    counts.into_iter().map(|(route, count)| (route.to_owned(), count.into())).collect()
}

fn shown(record: &RequestRecord) -> Value {
    let mut value = json!({
        "sequence": record.sequence,
        "connection": record.connection,
        "tls": record.tls,
        "method": record.method,
        "target": record.target,
        "host": record.host,
        "route": record.route,
        "status": record.status,
        "token": record.token,
        "headers": record.shown_headers().collect::<Vec<_>>(),
    });
    if let Some(batch) = record.batched {
        value["batched"] = json!(batch);
    }
    value
}
