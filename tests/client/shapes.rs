//! The JSON is an interface: golden files hold what each function hands out. `UCWA_WRITE_GOLDEN=1` writes them anew.

use crate::common::golden::holds;
use crate::common::*;
use serde_json::{Value, json};
use ucwa_simulator::{Fault, Group};

#[test]
fn everything_that_is_handed_out() {
    let simulator = simulator();
    let app = Config::of(&simulator).with("endpoint_id", "b6a1f0a2-7a30-4c61-8a7b-0f0f6d6a5a11").sign_in().unwrap();
    holds("application", &simulator, app.application().unwrap());
    holds("contact_presence", &simulator, app.presence(SARA).unwrap());
    holds("contact_presence_with_activity", &simulator, app.presence("ManishC@contoso.com").unwrap());
    holds("contact_presence_availability_only", &simulator, app.presence("IvanP@contoso.com").unwrap());
    holds("groups", &simulator, app.groups().unwrap());
    holds("group_contacts", &simulator, app.group_contacts("Sales").unwrap());
    holds("contact", &simulator, app.contact("ChrisB@contoso.com").unwrap());
    holds("search_contacts", &simulator, app.search("sales", 2).unwrap());
    holds("navigate", &simulator, app.navigate("people/myGroups/pinnedGroup").unwrap());
    holds("request", &simulator, app.request("GET", "people/myContacts/contact[uri=sarad@contoso.com]/contactPresence", None).unwrap());
}

#[test]
fn the_configuration_keys() {
    let mut keys: Value = serde_json::from_str(&ucwa::Config::keys()).unwrap();
    let user_agent = keys.as_array_mut().unwrap().iter_mut().find(|key| key["key"] == "user_agent").unwrap();
    user_agent["default"] = user_agent["default"].as_str().unwrap().replace(ucwa::VERSION, "VERSION").into();
    holds("config_keys", &simulator(), keys);
}

#[test]
fn many_at_once() {
    let simulator = simulator();
    let app = App::on(&simulator);
    simulator.fault(Fault::on("contactLocation").path("manishc").status(403).forever());
    let wanted =
        r#"{"contacts":["SaraD@contoso.com","nobody@contoso.com","no uri","ManishC@contoso.com"],"include":["note","location","contact"]}"#;
    holds("contacts_presence", &simulator, app.presences(wanted).unwrap());
    simulator.fault(Fault::on("contactPresence").path("alexd").status(403).forever());
    holds("group_presence", &simulator, app.group_presence("Sales").unwrap());
    holds("contacts", &simulator, app.contacts().unwrap()["contacts"].as_array().unwrap()[..2].into());
}

#[test]
fn more_of_one_contact() {
    let simulator = simulator();
    let app = App::on(&simulator);
    for name in ["note", "location", "supported_modalities", "privacy_relationship"] {
        holds(&format!("contact_{name}"), &simulator, app.facet(name, SARA).unwrap());
    }
    holds("contact_note_without_text", &simulator, app.facet("note", "AlexD@contoso.com").unwrap());
    let made = app.add_group("Night Shift").unwrap();
    assert!(made["id"].as_str().is_some_and(|id| !id.is_empty()));
    holds("add_group", &simulator, without_id(made));
    holds("add_contact", &simulator, without_id(app.add_contact(SARA, Some("Night Shift")).unwrap()));
}

/// A group that was made has an id of its own each time, and addresses with it.
fn without_id(mut made: Value) -> Value {
    let href = made["href"].as_str().unwrap().to_owned();
    let (before, _) = href.rsplit_once('/').unwrap();
    made["href"] = format!("{before}/ID").into();
    if let Some(id) = made.get_mut("id") {
        *id = "ID".into();
    }
    made
}

#[test]
fn the_user() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.make_me_available(None).unwrap();
    holds("me", &simulator, app.me().unwrap());
    app.set_mine("presence", Some("Busy")).unwrap();
    app.set_mine("note", Some("Lift 3")).unwrap();
    holds("my_location_not_set", &simulator, app.mine("location").unwrap());
    app.set_mine("location", Some("Köln")).unwrap();
    for name in ["presence", "note", "location", "phones"] {
        holds(&format!("my_{name}"), &simulator, app.mine(name).unwrap());
    }
}

#[test]
fn failures() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let body = json!({"code": "Forbidden", "subcode": "LimitExceeded", "message": "Too many.", "parameters": [{"name": "limit", "reason": "Full"}],
        "link": {"href": "/help"}, "debugInfo": {"diagnosticsCode": 2}});
    let fault = Fault::on("contactPresence")
        .respond(403, body.to_string())
        .header("X-Ms-diagnostics", "28066;source=\"fe\";reason=\"Limit\"")
        .header("X-MS-Server-Fqdn", "sfbfe01.contoso.local")
        .header("Retry-After", "7");
    simulator.fault(fault);
    holds("error", &simulator, app.presence(SARA).unwrap_err().json);
    simulator.edit(|directory| {
        for id in ["twin-1", "twin-2"] {
            directory.add_group(Group::own("Twins").with_id(id));
        }
    });
    holds("error_of_a_name_that_fits_several", &simulator, app.group_contacts("Twins").unwrap_err().json);
    let body = r#"{"error":"invalid_grant","ms_rtc_passiveauthuri":"https://login.contoso.com/passive"}"#;
    simulator.fault(Fault::on("token").respond(400, body));
    holds("error_sign_in_elsewhere", &simulator, Config::of(&simulator).sign_in().err().unwrap().json);
}

#[test]
fn dates_of_every_kind_and_members_not_known() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let body = r#"{"rel":"contactPresence","availability":"Online","lastActive":"\/Date(1358827096000-0800)\/","odd":"/Date(soon)/","etag":"7",
        "new":{"since":"\/Date(0)\/"},"flag":true,"number":1.50,"nothing":null,"_links":{"self":{"href":"/p"},"help":{"href":"/h","revision":"2"}}}"#;
    simulator.fault(Fault::on("contactPresence").respond(200, body));
    let text = app.presence_text(SARA).unwrap();
    let expected = format!(
        concat!(
            r#"{{"uri":"sip:SaraD@contoso.com","name":"Sara Davis","availability":"Online","lastActive":"2013-01-22T03:58:16.000Z","lastActiveUnixMs":1358827096000,"#,
            r#""odd":"/Date(soon)/","etag":"7","new":{{"since":"1970-01-01T00:00:00.000Z","sinceUnixMs":0}},"flag":true,"number":1.50,"nothing":null,"href":"{}p"}}"#
        ),
        simulator.url()
    );
    let parsed: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(parsed, serde_json::from_str::<Value>(&expected).unwrap());
    assert!(text.contains("\"number\":1.50"), "numbers keep their spelling: {text}");
}
