//! The control endpoint, and the program that prints where it is.

mod common;

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use common::{Client, control, json};
use serde_json::{Value, json};
use ucwa_simulator::Simulator;

#[test]
fn the_overview_says_what_there_is() {
    let simulator = Simulator::start().unwrap();
    let overview = json(&control(&simulator, "GET", "", ""));
    let ready: Value = serde_json::from_str(&simulator.ready_json()).unwrap();
    for (name, value) in ready.as_object().unwrap() {
        assert_eq!(&overview[name], value);
    }
    assert_eq!(overview["people"], 25);
    let unknown = control(&simulator, "GET", "nothing", "");
    assert_eq!(unknown.status(), 404);
    assert!(json(&unknown)["allowed"].as_array().unwrap().contains(&json!("POST /faults")));
    let people = json(&control(&simulator, "GET", "people", ""));
    assert_eq!(people["people"].as_array().unwrap().len(), 25);
}

#[test]
fn presence_is_changed() {
    let simulator = Simulator::start().unwrap();
    let client = Client::sign_in(&simulator);
    let changed = control(&simulator, "PUT", "presence/sip:sarad@contoso.com", r#"{"availability":"Online","lastActiveMs":null}"#);
    assert_eq!(json(&changed)["presence"], json!({"availability": "Online", "deviceType": "Unknown"}));
    assert_eq!(json(&client.sara().unwrap())["availability"], "Online");
    assert_eq!(control(&simulator, "PUT", "presence/nobody@contoso.com", "{}").status(), 404);
    for wrong in ["", "[]", r#"{"availability":1}"#, r#"{"avail":"Busy"}"#] {
        let refused = control(&simulator, "PUT", "presence/sarad@contoso.com", wrong);
        assert_eq!(refused.status(), 400, "{wrong}");
        assert!(json(&refused)["allowed"].get("deviceType").is_some());
    }
}

#[test]
fn faults_are_ordered_listed_and_cleared() {
    let simulator = Simulator::start().unwrap();
    let client = Client::sign_in(&simulator);
    let order = r#"[{"route":"contactPresence","kind":"status","status":503,"headers":{"Retry-After":"1"},"times":null},{"kind":"hang","path":"/x"}]"#;
    let ordered = json(&control(&simulator, "POST", "faults", order));
    assert_eq!(ordered["faults"].as_array().unwrap().len(), 2);
    assert_eq!(ordered, json(&control(&simulator, "GET", "faults", "")));
    assert_eq!(client.sara().unwrap().status(), 503);
    assert_eq!(client.sara().unwrap().status(), 503);
    control(&simulator, "DELETE", "faults", "");
    assert_eq!(client.sara().unwrap().status(), 200);
    for kind in ["drop", "reset", "answerThenReset", "closeAfter", "hang"] {
        assert_eq!(control(&simulator, "POST", "faults", &json!({"kind": kind, "path": "/never"}).to_string()).status(), 200, "{kind}");
    }
    for wrong in ["{}", r#"{"kind":"nothing"}"#, r#"{"kind":"drop","route":"contactPresense"}"#, r#"{"kind":"drop","time":1}"#, "1"] {
        assert_eq!(control(&simulator, "POST", "faults", wrong).status(), 400, "{wrong}");
    }
}

#[test]
fn the_rest_of_the_handles() {
    let simulator = Simulator::start().unwrap();
    let mut client = Client::sign_in(&simulator);
    let before = json(&control(&simulator, "GET", "clock", ""))["unixMs"].as_i64().unwrap();
    let clock = json(&control(&simulator, "POST", "clock", r#"{"advanceMs":60000}"#));
    assert!(clock["unixMs"].as_i64().unwrap() >= before + 60_000);
    assert_eq!(clock["advancedMs"], 60_000);
    assert_eq!(control(&simulator, "POST", "clock", r#"{"advanceMs":-1}"#).status(), 400);

    let requests = json(&control(&simulator, "GET", "requests?list=true", ""));
    assert_eq!((&requests["total"], &requests["routes"]), (&json!(2), &json!({"applications": 1, "token": 1})));
    assert!(requests["records"][1].to_string().contains("(hidden)") && !requests.to_string().contains("cwt="));
    assert_eq!(json(&control(&simulator, "DELETE", "requests", ""))["total"], 0);

    control(&simulator, "POST", "applications/expire", "");
    assert_eq!(client.sara().unwrap().status(), 410);
    client.register();
    control(&simulator, "POST", "applications/delete", "");
    assert_eq!(client.sara().unwrap().status(), 404);
    control(&simulator, "POST", "tokens/expire", "");
    assert_eq!(client.sara().unwrap().status(), 401);
    assert_eq!(control(&simulator, "PUT", "password", r#"{"password":"new"}"#).status(), 200);
    assert_eq!(serde_json::from_str::<Value>(&simulator.ready_json()).unwrap()["password"], "new");
    assert_eq!(json(&control(&simulator, "POST", "move", r#"{"host":"pool2.contoso.com"}"#))["host"], "pool2.contoso.com");
    assert_eq!(control(&simulator, "POST", "move", "{}").status(), 400);
}

#[test]
fn the_program_tells_where_it_is_and_ends_with_its_input() {
    let folder = std::env::temp_dir().join(format!("simulator-test-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("ready.json");
    let mut program = Command::new(env!("CARGO_BIN_EXE_ucwa-simulator"))
        .args(["--listen", "127.0.0.1:0", "--contacts", "3", "--latency-ms", "0", "--password", "other", "--exit-with-stdin"])
        .arg("--ready-file")
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(program.stdout.take().unwrap());
    let mut first = String::new();
    output.read_line(&mut first).unwrap();
    let ready: Value = serde_json::from_str(&first).unwrap();
    for name in ["url", "httpUrl", "caFile", "signInAddress", "password", "control"] {
        assert!(ready[name].is_string(), "{name}");
    }
    assert_eq!(ready["password"], "other");
    let ca = std::path::Path::new(ready["caFile"].as_str().unwrap());
    assert!(std::fs::read_to_string(ca).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));

    drop(program.stdin.take());
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("curl -X PUT"), "{rest}");
    assert!(program.wait().unwrap().success());
    assert_eq!(serde_json::from_str::<Value>(&std::fs::read_to_string(&file).unwrap()).unwrap(), ready);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    assert!(!ca.exists());
    std::fs::remove_dir_all(&folder).unwrap();
}
