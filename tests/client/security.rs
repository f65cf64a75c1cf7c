//! Where tokens and passwords may go, and where they must never show.

use crate::common::*;
use serde_json::json;
use ucwa::ffi::*;
use ucwa_simulator::Fault;

#[test]
fn foreign_hrefs_are_not_followed() {
    let simulator = simulator();
    let other = simulator_of_others();
    let app = App::on(&simulator);
    let (elsewhere, own) = (other.url().to_owned(), simulator.url().to_owned());
    let hrefs = [
        format!("{elsewhere}ucwa/x"),
        elsewhere.replace("https:", ""),
        elsewhere.replace("https://", "\\\\"),
        own.replace("https:", "http:"),
        own.replace("localhost", "127.0.0.1"),
        own.replace("localhost", "lenea:secret@localhost"),
        own.replace("localhost", "lenea@localhost"),
        "ftp://localhost/x".into(),
    ];
    for href in hrefs {
        let contact = json!({"_embedded": {"contact": [{"uri": "sip:a@contoso.com", "_links": {"contactPresence": {"href": href}}}]}});
        simulator.fault(Fault::on("myContacts").respond(200, contact.to_string()).forever());
        let app = Config::of(&simulator).sign_in().unwrap();
        let failure = app.presence("sip:a@contoso.com").unwrap_err();
        assert_eq!(failure.status, UCWA_PROTOCOL, "{href}: {}", failure.message);
        assert!(!failure.json.to_string().contains("secret"), "{failure:?}");
        assert_eq!(simulator.count("contactPresence"), 0, "{href}");
        simulator.clear_faults();
    }
    assert!(other.requests().is_empty());
    drop(app);
}

fn simulator_of_others() -> ucwa_simulator::Simulator {
    simulator()
}

#[test]
fn a_foreign_batch_link_is_not_followed() {
    let simulator = simulator();
    let other = simulator_of_others();
    let config = Config::of(&simulator).with("endpoint_id", "0f9d8a1c-6a3e-4c0a-9f57-2f4c9b0c7e11");
    let mut application = config.sign_in().unwrap().navigate("").unwrap();
    application["_links"]["batch"]["href"] = json!(format!("{}ucwa/batch", other.url()));
    simulator.fault(Fault::on("applications").respond(201, application.to_string()));
    let app = config.sign_in().unwrap();
    let presences = app.presences_of(&[SARA, "ManishC@contoso.com"]).unwrap();
    assert!(presences.iter().all(|presence| presence["availability"].is_string()), "as from a server without batches: {presences:?}");
    assert!(other.requests().is_empty());
}

#[test]
fn a_token_service_in_whose_address_stands_a_user_is_not_asked() {
    let simulator = simulator();
    let address = simulator.url().replace("https://", "https://somebody:else@");
    let challenge = format!("MsRtcOAuth href=\"{address}WebTicket/oauthtoken\",grant_type=\"password\"");
    simulator.fault(Fault::on("user").respond(401, "").header("WWW-Authenticate", &challenge).forever());
    assert_eq!(Config::of(&simulator).sign_in().err().unwrap().status, UCWA_PROTOCOL);
    assert_eq!(simulator.count("token"), 0);
}

#[test]
fn hrefs_that_hold_data_are_not_followed() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let contact = json!({"_embedded": {"contact": [{"uri": "sip:a@contoso.com", "_links": {"contactPresence": {"href": "data:application/json,{}"}}}]}});
    simulator.fault(Fault::on("myContacts").respond(200, contact.to_string()));
    let failure = app.presence("sip:a@contoso.com").unwrap_err();
    assert_eq!(failure.status, UCWA_NOT_FOUND, "{}", failure.message);
}

#[test]
fn redirects_take_no_token_along() {
    let simulator = simulator();
    let other = simulator_of_others();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    for status in [301, 302, 307, 308] {
        simulator.fault(Fault::on("contactPresence").respond(status, "").header("Location", other.url()));
        let failure = app.presence(SARA).unwrap_err();
        assert_eq!(failure.status, UCWA_PROTOCOL, "{}", failure.message);
        assert!(failure.message.contains(other.url()), "it says where to: {}", failure.message);
    }
    assert!(other.requests().is_empty());
}

#[test]
fn a_contact_s_name_cannot_reach_into_the_request() {
    let simulator = simulator();
    let app = App::on(&simulator);
    for contact in ["sip:a@b\r\nX-Injected: 1", "a b@c", "a@b\nc", "sip:<script>@x", "\"@x"] {
        assert_eq!(app.presence(contact).unwrap_err().status, UCWA_INVALID_ARGUMENT, "{contact:?}");
    }
    assert!(routes(&simulator).is_empty());
    for contact in ["../../x@y.example", "a?b=c&d#e@y.example", "%2e%2e%2f@y.example", "a&limit=100@y.example"] {
        assert_eq!(app.presence(contact).unwrap_err().status, UCWA_NOT_FOUND, "{contact}");
    }
    let searches: Vec<String> =
        simulator.requests().into_iter().filter(|request| request.route == "search").map(|request| request.target).collect();
    assert_eq!(searches.len(), 4);
    for target in searches {
        let url = url::Url::parse(&format!("https://h{target}")).unwrap();
        let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
        assert_eq!(names, ["query"], "{target}");
    }
}

#[test]
fn a_group_s_name_cannot_reach_into_the_request() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let name = "a&groupId=b#c?d=e/../%2e%2e\"<é>";
    let made = app.add_group(name).unwrap();
    assert_eq!(made["name"], name);
    app.add_contact(SARA, Some(name)).unwrap();
    assert_eq!(app.group_contacts(name).unwrap()["contacts"].as_array().unwrap().len(), 1);
    assert_eq!(app.group_presence(name).unwrap()["presences"][0]["uri"], SARA);
    app.rename_group(name, "b c").unwrap();
    app.remove_contact(SARA, Some("b c")).unwrap();
    for bad in ["a\r\nX-Injected: 1", "a\nb", "\u{7f}"] {
        assert_eq!(app.add_group(bad).unwrap_err().status, UCWA_INVALID_ARGUMENT, "{bad:?}");
        assert_eq!(app.rename_group("b c", bad).unwrap_err().status, UCWA_INVALID_ARGUMENT, "{bad:?}");
        assert_eq!(app.group_contacts(bad).unwrap_err().status, UCWA_NOT_FOUND, "{bad:?}");
    }
    for request in simulator.requests().iter().chain(&simulator.batched_requests()) {
        assert!(request.headers.iter().all(|(header, _)| header != "x-injected"), "{request:?}");
        assert!(request.target.matches("groupId=").count() <= 1, "{}", request.target);
    }
}

#[test]
fn a_user_agent_of_any_alphabet() {
    let simulator = simulator();
    let app = Config::of(&simulator).with("user_agent", "Büro ☎").sign_in().unwrap();
    assert_eq!(app.application().unwrap()["userAgent"], "Büro ☎");
}

#[test]
fn bodies_are_bounded() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let huge = format!("{{\"x\":\"{}\"}}", "a".repeat(33 << 20));
    simulator.fault(Fault::on("myGroups").respond(200, huge));
    let failure = app.groups().unwrap_err();
    assert_eq!(failure.status, UCWA_PROTOCOL, "{}", failure.message);
    assert!(failure.message.contains("32 MiB"), "{}", failure.message);
}

#[test]
fn no_user_agent_or_origin_that_browsers_send() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    for request in simulator.requests() {
        let header = |name| request.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str());
        assert_eq!(header("origin"), None);
        assert_eq!(header("x-ms-origin"), None);
        assert_eq!(header("referer"), None);
        assert_eq!(header("accept"), Some("application/json"));
        assert!(header("accept-encoding").unwrap().contains("gzip"));
    }
}

#[test]
fn secrets_show_nowhere() {
    let simulator = simulator();
    let secret = "S3cret&pass+word=%";
    simulator.set_password(secret);
    let app = Config::of(&simulator).with("password", secret).sign_in().unwrap();
    app.presence(SARA).unwrap();
    let token =
        simulator.requests().into_iter().rev().find_map(|r| r.headers.into_iter().find(|(name, _)| name == "authorization")).unwrap().1;
    let token = token.strip_prefix("Bearer ").unwrap().to_owned();

    let mut told = Vec::new();
    let lines = crate::secrets::logged(|| {
        // A server that repeats what it was sent.
        simulator.fault(Fault::on("contactPresence").respond(
            500,
            format!("{{\"code\":\"ServiceFailure\",\"message\":\"Bearer {token} was bad, {token}\",\"debugInfo\":{{\"t\":\"{token}\"}}}}"),
        ));
        told.push(app.presence(SARA).unwrap_err());
        simulator.fault(Fault::on("contactPresence").respond(200, format!("<html>{token}</html>")).header("Content-Type", "text/html"));
        told.push(app.presence(SARA).unwrap_err());
        simulator
            .fault(Fault::on("token").respond(400, format!("{{\"error\":\"invalid_grant\",\"error_description\":\"{secret} is wrong\"}}")));
        told.push(Config::of(&simulator).with("password", secret).sign_in().err().unwrap());
        simulator.fault(Fault::on("token").respond(200, format!("{{\"access\":\"{token}\"}}")));
        told.push(Config::of(&simulator).with("password", secret).sign_in().err().unwrap());
    });
    assert!(lines.iter().any(|line| line.contains("GET https://")) && lines.iter().all(|line| line.starts_with("ucwa")), "{lines:?}");
    let said = format!("{lines:?}{told:?}");
    for hidden in [secret, &token, "S3cret%26pass"] {
        assert!(!said.contains(hidden), "{hidden} shows in {said}");
    }
    let config = Config::of(&simulator);
    for key in ["password", "access_token"] {
        assert_eq!(config.get(key).unwrap_err().status, UCWA_FORBIDDEN);
    }
}
