//! The signed-in user: being made available, what that allows, and how it ends.

mod common;

use std::time::Duration;

use common::{Client, header, json, outcome};
use serde_json::{Value, json};
use ucwa_simulator::{Fault, Simulator};
use ureq::http::Response;

const MINUTE: Duration = Duration::from_secs(60);

fn start() -> (Simulator, Client) {
    let simulator = Simulator::start().unwrap();
    let client = Client::sign_in(&simulator);
    (simulator, client)
}

fn post(client: &Client, own: &str, body: &Value) -> Response<String> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    client.send("POST", &client.at(&format!("/me/{own}")), &[("Content-Type", "application/json")], &body)
}

#[test]
fn a_user_is_made_available_once() {
    let (simulator, client) = start();
    let links = |me: &Value| me["_links"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(links(&client.read("/me")), ["self", "makeMeAvailable", "callForwardingSettings", "phones", "photo"]);
    for own in ["presence", "note", "location"] {
        assert_eq!(outcome(&client.get(&client.at(&format!("/me/{own}"))).unwrap()), (409, "MakeMeAvailableRequired".into()));
        assert_eq!(outcome(&post(&client, own, &json!({}))), (409, "MakeMeAvailableRequired".into()));
    }
    assert_eq!(outcome(&post(&client, "reportMyActivity", &Value::Null)), (409, "MakeMeAvailableRequired".into()));
    let application = client.read("")["etag"].clone();

    for wrong in [
        json!({"signInAs": "Dancing"}),
        json!({"supportedModalities": ["Morse"]}),
        json!({"inactiveTimeout": "soon"}),
        json!({"phoneNumber": 1}),
    ] {
        assert_eq!(post(&client, "makeMeAvailable", &wrong).status(), 400, "{wrong}");
    }
    assert_eq!(outcome(&post(&client, "makeMeAvailable", &json!({"supportedModalities": ["Video"]}))), (403, String::new()));
    let options = json!({"signInAs": "BeRightBack", "SupportedModalities": ["messaging"], "supportedMessageFormats": ["Plain"],
        "audioPreference": "PhoneAudio", "phoneNumber": "4255552222", "inactiveTimeout": "00:10:00"});
    let made = post(&client, "makeMeAvailable", &options);
    assert_eq!((made.status().as_u16(), made.body().as_str()), (204, ""));
    assert_eq!(outcome(&post(&client, "makeMeAvailable", &json!({}))), (409, "AlreadyExists".into()));
    let expected = ["self", "note", "presence", "location", "reportMyActivity", "callForwardingSettings", "phones", "photo"];
    assert_eq!(links(&client.read("/me")), expected);
    let again = client.read("");
    assert_eq!((again["etag"] == application, links(&again["_embedded"]["me"])), (false, expected.map(str::to_owned).to_vec()));
    assert_eq!(client.read("/communication")["supportedModalities"], json!(["Messaging"]));
    let presence = json!({"availability": "BeRightBack", "activity": "Be Right Back", "_links": {"self": {"href": client.at("/me/presence")}}, "rel": "presence"});
    assert_eq!(client.read("/me/presence"), presence);
    let rels: Vec<_> = simulator.changes().into_iter().map(|change| change.rel).collect();
    assert_eq!(rels, ["me", "presence", "contactPresence"]);
}

#[test]
fn the_second_revision_tells_what_it_did() {
    let (_simulator, client) = start();
    assert_eq!(client.read_2("/me")["_links"]["makeMeAvailable"]["revision"], "2");
    let made = client.send_2("POST", &client.at("/me/makeMeAvailable"), &json!({}));
    assert_eq!((made.status().as_u16(), json(&made)), (201, json!({"operations": []})));
}

#[test]
fn presence_note_and_place_are_published() {
    let (simulator, client) = start();
    post(&client, "makeMeAvailable", &json!({}));
    let contact = |part: &str| client.read(&format!("/people/lenea@contoso.com/{part}"));
    assert_eq!((&contact("presence")["availability"], &contact("presence")["activity"]), (&json!("Online"), &json!("Available")));
    let set = |own: &str, body: Value| {
        let reply = post(&client, own, &body);
        (reply.status().as_u16(), reply.body().is_empty())
    };
    for (chosen, availability, activity) in
        [("DoNotDisturb", "DoNotDisturb", "Do Not Disturb"), ("offwork", "Away", "off-work"), ("Busy", "Busy", "Busy")]
    {
        assert_eq!(set("presence", json!({"availability": chosen})), (204, true));
        let presence = client.read("/me/presence");
        assert_eq!((&presence["availability"], &presence["activity"]), (&json!(availability), &json!(activity)));
        assert_eq!(contact("presence")["availability"], availability);
    }
    assert_eq!(set("presence", json!({"availability": "Offline"})).0, 400);
    assert_eq!(set("presence", Value::Null), (204, true));
    assert_eq!(client.read("/me/presence")["availability"], "Online");

    assert_eq!(
        client.read("/me/note"),
        json!({"message": "", "type": "Personal", "_links": {"self": {"href": client.at("/me/note")}}, "rel": "note"})
    );
    assert_eq!(set("note", json!({"message": "Heads down"})), (204, true));
    assert_eq!((&client.read("/me/note")["message"], &contact("note")["message"]), (&json!("Heads down"), &json!("Heads down")));
    assert_eq!(set("note", json!({"message": " "})), (204, true));
    assert_eq!(contact("note")["message"], "");

    assert!(client.read("/me/location").get("location").is_none());
    assert_eq!(set("location", json!({"location": "ö".repeat(60)})), (204, true));
    assert_eq!(contact("location")["location"], "ö".repeat(60));
    assert_eq!(set("location", json!({"location": "ö".repeat(61)})).0, 400);
    assert_eq!(set("location", Value::Null), (204, true));
    assert!(contact("location").get("location").is_none());

    let refused = client.delete(&client.at("/me/note")).unwrap();
    assert_eq!((refused.status().as_u16(), header(&refused, "allow")), (405, "GET, POST"));
    let rels: Vec<_> = simulator.changes().into_iter().map(|change| change.rel).filter(|rel| rel.contains("ote")).collect();
    assert_eq!(rels, ["note", "contactNote", "note", "contactNote"]);
}

#[test]
fn inactive_applications_expire() {
    let (simulator, mut client) = start();
    let expired = |client: &Client| outcome(&client.sara().unwrap());
    simulator.advance(MINUTE * 60);
    assert_eq!(client.sara().unwrap().status(), 200, "who only looks may look on");
    post(&client, "makeMeAvailable", &json!({"signInAs": "Busy"}));
    for _ in 0..3 {
        simulator.advance(MINUTE * 4);
        assert_eq!(post(&client, "reportMyActivity", &Value::Null).status(), 204);
    }
    simulator.advance(MINUTE * 4);
    assert_eq!(client.sara().unwrap().status(), 200, "which is no activity of the user's");
    simulator.advance(MINUTE);
    assert_eq!(expired(&client), (410, "InactiveApplicationExpired".into()));

    // What the application published ended with it.
    let first = client.application.clone();
    client.register();
    assert_ne!(client.application, first);
    assert_eq!(client.read("/people/lenea@contoso.com/presence")["availability"], "Online");
    assert!(client.read("/me")["_links"].get("makeMeAvailable").is_some());

    post(&client, "makeMeAvailable", &json!({"signInAs": "Busy", "inactiveTimeout": "PT20M"}));
    simulator.advance(MINUTE * 19);
    assert_eq!(client.sara().unwrap().status(), 200, "the client knows its user");
    // Somebody else's change outlives the application.
    simulator.set_presence("lenea@contoso.com", json!({"availability": "DoNotDisturb"}));
    simulator.advance(MINUTE);
    assert_eq!(expired(&client).0, 410);
    client.register();
    assert_eq!(client.read("/people/lenea@contoso.com/presence")["availability"], "DoNotDisturb");

    simulator.inactive_timeout(None);
    post(&client, "makeMeAvailable", &json!({}));
    simulator.advance(MINUTE * 600);
    // The token has not lived so long.
    client.token = simulator.issue_token("localhost");
    assert_eq!(client.sara().unwrap().status(), 200);
    simulator.inactive_timeout(Some(MINUTE));
    assert_eq!(expired(&client).0, 410);
}

#[test]
fn the_last_of_several_applications_signs_out() {
    let (simulator, client) = start();
    let mut other = Client::sign_in(&simulator);
    let body = json!({"userAgent": "tests", "endpointId": "e2", "culture": "en-US"});
    other.application = json(&other.post("/ucwa/oauth/v1/applications", &body).unwrap())["_links"]["self"]["href"].as_str().unwrap().into();
    post(&client, "makeMeAvailable", &json!({"signInAs": "Away"}));
    post(&other, "makeMeAvailable", &json!({"signInAs": "Busy"}));
    assert_eq!(client.read("/me/presence")["availability"], "Busy");
    assert_eq!(client.delete(&client.application).unwrap().status(), 204);
    let seen = |client: &Client| client.read("/people/lenea@contoso.com/presence").clone();
    assert_eq!(seen(&other)["availability"], "Busy");
    simulator.delete_applications();
    other.register();
    assert_eq!((&seen(&other)["availability"], seen(&other).get("activity")), (&json!("Online"), None));
}

#[test]
fn phones_calls_and_options() {
    let (_simulator, client) = start();
    let phones = client.read("/me/phones");
    let work = &phones["_embedded"]["phone"][0];
    assert_eq!((&work["type"], &work["number"]), (&json!("work"), &json!("tel:+14255550100;ext=50100")));
    assert_eq!(&client.read("/me/phones/work"), work);
    assert_eq!(client.get(&client.at("/me/phones/home")).unwrap().status(), 404);
    let calls = client.read("/me/callForwardingSettings");
    assert_eq!((&calls["activeSetting"], &calls["_embedded"]["unansweredCallSettings"]["target"]), (&json!("None"), &json!("None")));

    let applications = client.send("OPTIONS", "/ucwa/oauth/v1/applications", &[], "");
    assert_eq!((applications.status().as_u16(), header(&applications, "allow")), (200, "POST, OPTIONS"));
    for below in [
        "",
        "/me",
        "/me/makeMeAvailable",
        "/me/presence",
        "/people",
        "/people/groups",
        "/people/contacts",
        "/batch",
        "/photos/SaraD@contoso.com",
    ] {
        for method in ["OPTIONS", "PATCH"] {
            let refused = client.send(method, &client.at(below), &[], "");
            assert_eq!((refused.status().as_u16(), header(&refused, "allow").is_empty()), (405, false), "{method} {below}");
        }
    }
}

#[test]
fn photos_are_kept_and_withheld() {
    let (simulator, client) = start();
    let photo = |below: &str, tag: &str| {
        let url = format!("{}{}", client.origin, client.at(below));
        let request = client.agent.get(url).header("Authorization", format!("Bearer {}", client.token)).header("If-None-Match", tag);
        let (head, mut body) = request.call().unwrap().into_parts();
        (head.status.as_u16(), head.headers, body.read_to_vec().unwrap())
    };
    let sara = "/photos/SaraD@contoso.com";
    let (status, headers, usual) = photo(sara, "");
    assert_eq!(
        (status, &headers["content-type"], &headers["cache-control"]),
        (200, &"image/jpeg".parse().unwrap(), &"private".parse().unwrap())
    );
    assert!(headers["expires"].to_str().unwrap().ends_with(" GMT") && !headers.contains_key("pragma"));
    assert_eq!(photo(&format!("{sara}?size=HR48X48"), "").2, usual, "the default");
    assert_eq!(photo(&format!("{sara}?size=HR100X100"), "").2, photo(&format!("{sara}?size=hr96x96&x=1"), "").2, "the next smaller one");
    assert_eq!(photo(&format!("{sara}?size=big"), "").0, 400);
    let tag = headers["etag"].to_str().unwrap();
    let (status, headers, body) = photo(sara, tag);
    assert_eq!((status, body.len(), headers.contains_key("expires")), (304, 0, true));
    assert_eq!(photo(&format!("{sara}?size=HR96X96"), tag).0, 200);

    simulator.fault(Fault::on("contactPhoto").status(504));
    let late = client.get(&client.at(sara)).unwrap();
    assert_eq!((late.status().as_u16(), &json(&late)["code"]), (504, &json!("GatewayTimeout")));
    simulator.photos(false);
    assert_eq!(outcome(&client.get(&client.at(sara)).unwrap()), (403, String::new()));
    assert_eq!(client.read("/policies")["photos"], "Disabled");
    assert_eq!(photo("/photos/lenea@contoso.com", "").0, 200, "one's own is no secret");
}
