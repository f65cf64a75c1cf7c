//! Golden files: what was handed out once, and is to stay as it was. `UCWA_WRITE_GOLDEN=1` writes them anew.

use serde_json::Value;
use std::path::Path;
use ucwa_simulator::Simulator;

/// Compares with `tests/golden/NAME.json`, less what differs from run to run.
pub fn holds(name: &str, simulator: &Simulator, mut value: Value) {
    let address = simulator.url().trim_end_matches('/').to_owned();
    settle(&mut value, &address);
    let text = format!("{value:#}\n");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.json"));
    if std::env::var_os("UCWA_WRITE_GOLDEN").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert_eq!(text, golden.replace("\r\n", "\n"), "{name}: a change of shape breaks callers");
}

fn settle(value: &mut Value, address: &str) {
    match value {
        Value::String(text) => {
            *text = text.replace(address, "https://pool.contoso.com");
            if let Some(start) = text.find("/applications/").map(|at| at + "/applications/".len()) {
                let end = text[start..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |at| start + at);
                text.replace_range(start..end, "1");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| settle(item, address)),
        Value::Object(members) => {
            for (name, member) in members {
                match name.as_str() {
                    "expires" | "time" | "tokenExpires" | "lastEvent" => *member = "2026-01-01T00:00:00.000Z".into(),
                    "expiresUnixMs" | "tokenExpiresUnixMs" | "lastEventUnixMs" => *member = 1_767_225_600_000_i64.into(),
                    "etag" => *member = "1".into(),
                    "id" if member.as_str().is_some_and(is_made_anew) => *member = "1".into(),
                    "subscriptions" if member.is_array() => {
                        member.as_array_mut().into_iter().flatten().for_each(|id| *id = "1".into());
                    }
                    _ => settle(member, address),
                }
            }
        }
        _ => {}
    }
}

/// The number of an application, or a subscription's id.
fn is_made_anew(id: &str) -> bool {
    let is_uuid = id.len() == 36 && id.bytes().filter(|b| *b == b'-').count() == 4;
    is_uuid || id.len() > 10 && id.bytes().all(|b| b.is_ascii_digit())
}
