//! Texts as odd servers write them: what is handed on can be read, by the library's own reader and by others.

use crate::common::small::{Reply, Small};
use crate::common::*;
use serde_json::{Value, json};
use ucwa::ffi::*;
use ucwa_simulator::Fault;

const WRITTEN: &str = r#""Kurz weg \ud83d, \\ud83d \uD83D\uDE00 \udc00""#;
const READ: &str = "Kurz weg \u{fffd}, \\ud83d \u{1f600} \u{fffd}";

#[test]
fn half_an_emoji_in_every_result() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let contacts = app.contacts().unwrap();
    let href = contacts["contacts"].as_array().unwrap().iter().find(|contact| contact["uri"] == SARA).unwrap()["href"].clone();
    let href = href.as_str().unwrap();
    let contact = |name: &str| {
        format!(
            r#"{{"uri":"sip:SaraD@contoso.com","name":{name},"_links":{{"self":{{"href":"{href}"}},"contactPresence":{{"href":"{href}/presence"}}}}}}"#
        )
    };
    let list = format!(r#"{{"note":{WRITTEN},"_embedded":{{"contact":[{}]}}}}"#, contact(WRITTEN));
    let note = format!(r#"{{"message":{WRITTEN},"type":"Personal"}}"#);
    simulator.fault(Fault::on("contactNote").respond(200, note.clone()).forever());
    assert_eq!(app.facet("note", SARA).unwrap()["message"], READ);
    let many = app.presences(&json!({ "contacts": [SARA, "ManishC@contoso.com"], "include": ["note"] }).to_string()).unwrap();
    assert_eq!((&many["presences"][0]["note"]["message"], &many["presences"][1]["note"]["message"]), (&json!(READ), &json!(READ)));
    assert_eq!(app.request("GET", "people/myContacts/contact[uri=sarad@contoso.com]/contactNote", None).unwrap()["body"]["message"], READ);

    simulator.fault(Fault::on("contactPresence").respond(200, format!(r#"{{"availability":"Away","activity":{WRITTEN}}}"#)).forever());
    assert_eq!(app.presence(SARA).unwrap()["activity"], READ);
    assert_eq!(app.group_presence("Sales").unwrap()["presences"][0]["activity"], READ);

    for (route, read) in [
        ("myContacts", &(|| app.contacts().unwrap()["contacts"][0].clone()) as &dyn Fn() -> Value),
        ("groupContacts", &|| app.group_contacts("Sales").unwrap()["contacts"][0].clone()),
        ("search", &|| app.search("sara", 0).unwrap()["contacts"][0].clone()),
    ] {
        simulator.fault(Fault::on(route).respond(200, list.clone()));
        assert_eq!(read()["name"], READ, "{route}");
    }
    simulator.fault(Fault::on("myContacts").respond(200, list.clone()));
    assert_eq!(app.navigate("people/myContacts").unwrap()["note"], READ);
    simulator.fault(Fault::on("myContacts").respond(200, list));
    assert_eq!(app.presences_of(&["sarad@contoso.com"]).unwrap()[0]["activity"], READ);

    let refusal = format!(r#"{{"code":"NotFound","message":{WRITTEN},"parameters":[{{"name":{WRITTEN}}}],"debugInfo":{{"a":{WRITTEN}}}}}"#);
    simulator.fault(Fault::on("me").status(404).body(refusal));
    let failure = app.me().unwrap_err();
    assert!(failure.message.contains(READ) && is_readable(&failure.json.to_string()), "{}", failure.message);
    assert_eq!((&failure.json["parameters"][0]["name"], &failure.json["debugInfo"]["a"]), (&json!(READ), &json!(READ)));
}

#[test]
fn what_needs_no_mending_is_handed_on_as_it_came() {
    let body = r#"{"a":"\ud83d\ude00 \\ud83d \u00fc","n":12345678901234567890123456789,"m":1e999,"o":{"_links":[]}}"#;
    let small = Small::start(json!({ "odd": { "href": "/odd" } }), move |_| Reply::json(200, body));
    let app = small.sign_in();
    let text = app.navigate_text("people/odd").unwrap();
    assert_eq!(text, body);
    assert!(is_readable(&text));
}

#[test]
fn however_deep_an_answer_is_results_can_be_read() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.contacts().unwrap();
    for depth in [1, 50, 110, 115, 118, 119, 120, 121, 126, 127, 128, 200, 5_000] {
        let deep = format!(r#"{{"availability":"Busy","message":"x","deep":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        simulator.fault(Fault::on("contactPresence").respond(200, deep.clone()).forever());
        simulator.fault(Fault::on("contactNote").respond(200, deep.clone()).forever());
        let is_taken = depth < 120;
        let refused = |failure: &Value| failure["status"] == "UCWA_PROTOCOL" && failure["message"].as_str().unwrap().contains("120 levels");
        // Every result goes through the library's own reader and another.
        match app.presence(SARA) {
            Ok(presence) => assert!(is_taken && presence["deep"].is_array(), "{depth}"),
            Err(failure) => assert!(!is_taken && refused(&failure.json), "{depth}: {}", failure.message),
        }
        let many = app.presences(&json!({ "contacts": [SARA, "ManishC@contoso.com"], "include": ["note"] }).to_string()).unwrap();
        assert_eq!(many["presences"][1]["availability"].is_string(), is_taken, "{depth}");
        assert!(is_taken || refused(&many["presences"][1]["error"]), "{depth}");
        let note = "people/myContacts/contact[uri=sarad@contoso.com]/contactNote";
        assert_eq!(app.navigate(note).is_ok(), is_taken, "{depth}");
        assert_eq!(app.request("GET", note, None).unwrap()["body"].is_object(), is_taken, "{depth}");
        simulator.clear_faults();

        let refusal = format!(r#"{{"code":"Conflict","message":"x","parameters":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        simulator.fault(Fault::on("contactPresence").status(409).body(refusal).forever());
        let failure = app.presence(SARA).unwrap_err();
        assert_eq!(failure.json["httpStatus"], 409, "{depth}: {}", failure.message);
        let many = app.presences_of(&[SARA, "ManishC@contoso.com"]).unwrap();
        assert_eq!(many[0]["error"]["parameters"].is_array(), is_taken, "{depth}");
        simulator.clear_faults();
    }
}

#[test]
fn a_body_that_is_no_text() {
    let small = Small::start(json!({ "odd": { "href": "/odd" } }), |_| Reply::json(200, &b"{\"a\":\"\xff \\ud83d\"}"[..]));
    let app = small.sign_in();
    let failure = app.navigate("people/odd").unwrap_err();
    assert_eq!(failure.status, UCWA_PROTOCOL, "{}", failure.message);
    assert!(app.request("GET", &small.url("/odd"), None).unwrap()["body"]["base64"].is_string());
}
