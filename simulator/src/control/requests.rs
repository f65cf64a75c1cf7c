//! What was asked.

use serde_json::{Map, Value, json};

use crate::http::Request;
use crate::record::RequestRecord;
use crate::state::State;

/// Counts by route and, where wanted, every request; those in batches apart.
pub(super) fn requests(state: &State, request: &Request) -> Value {
    let journal = &state.journal;
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
    value
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
