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
    for kind in ["drop", "reset", "answerThenReset", "closeAfter", "loseAnswer", "hang"] {
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
    let one = json(&control(&simulator, "GET", "requests?route=token", ""));
    assert_eq!(one, json!({"route": "token", "count": 1, "batched": 0}));
    let refused = control(&simulator, "GET", "requests?route=tokens", "");
    assert_eq!(refused.status(), 400);
    assert!(json(&refused)["allowed"]["route"].as_array().unwrap().contains(&json!("token")));
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
fn settings_are_switched_and_changes_told() {
    let simulator = Simulator::start().unwrap();
    let client = Client::sign_in(&simulator);
    let settings = json(&control(&simulator, "GET", "settings", ""));
    assert_eq!((&settings["maxOutstanding"], &settings["inactiveTimeoutMs"]), (&json!(100), &json!(300_000)));
    let names = [
        "batchBom",
        "batchStrayLine",
        "batchLink",
        "photos",
        "alwaysRevised",
        "forbidExpired",
        "legacyDiscovery",
        "unquotedChallenge",
        "bearerChallengeOnly",
    ];
    for name in names {
        let changed = json(&control(&simulator, "PUT", "settings", &json!({name: true}).to_string()));
        assert_eq!(changed[name], true, "{name}");
    }
    control(&simulator, "PUT", "settings", r#"{"batchLink":false,"maxOutstanding":1,"maxGroups":2,"maxContacts":3}"#);
    assert!(client.read("")["_links"].get("batch").is_none());
    for wrong in ["", "[]", r#"{"batchLynk":true}"#, r#"{"batchLink":true,"maxGroups":-1}"#] {
        let refused = control(&simulator, "PUT", "settings", wrong);
        assert_eq!((refused.status().as_u16(), &json(&refused)["allowed"]["batchLink"]), (400, &json!(false)), "{wrong}");
    }
    let overview = json(&control(&simulator, "GET", "", ""));
    assert_eq!((&overview["settings"]["maxGroups"], &overview["outstanding"]), (&json!(2), &json!(0)));

    control(&simulator, "PUT", "presence/sarad@contoso.com", r#"{"availability":"Online"}"#);
    let changes = json(&control(&simulator, "GET", "changes", ""));
    let expected = json!({"changes": [{"kind": "updated", "rel": "contactPresence", "subject": "sip:SaraD@contoso.com"}]});
    assert_eq!(changes, expected);
    assert_eq!(json(&control(&simulator, "DELETE", "changes", "")), json!({"changes": []}));
}

#[test]
fn what_was_in_batches_is_told_apart() {
    let simulator = Simulator::start().unwrap();
    let client = Client::sign_in(&simulator);
    let part = format!("GET {} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n", client.at("/me"));
    let body = format!("--b\r\nContent-Type: application/http; msgtype=request\r\n\r\n{part}\r\n--b--");
    let reply = client.send("POST", &client.at("/batch"), &[("Content-Type", "multipart/batching; boundary=b")], &body);
    assert_eq!(reply.status(), 200);
    let requests = json(&control(&simulator, "GET", "requests?list=true", ""));
    assert_eq!((&requests["total"], &requests["routes"]["batch"], &requests["batchedRoutes"]), (&json!(3), &json!(1), &json!({"me": 1})));
    assert_eq!(requests["records"].as_array().unwrap().len(), 3);
    assert_eq!((&requests["batchedRecords"][0]["route"], &requests["batchedRecords"][0]["batched"]), (&json!("me"), &json!(3)));
}

#[test]
fn the_program_tells_where_it_is_and_ends_with_its_input() {
    let folder = std::env::temp_dir().join(format!("simulator-test-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("ready.json");
    let mut program = Command::new(env!("CARGO_BIN_EXE_ucwa-simulator"))
        .args([
            "--listen",
            "127.0.0.1:0",
            "--contacts",
            "3",
            "--latency-ms",
            "0",
            "--password",
            "other",
            "--special-groups",
            "--exit-with-stdin",
        ])
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
