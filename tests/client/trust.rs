//! Which token services receive the password, and what refusals mean.

use crate::common::*;
use serde_json::json;
use std::sync::{Arc, Mutex};
use ucwa::ffi::*;
use ucwa_simulator::{Fault, Simulator};

/// Hosts that lead to the simulator; none of them is in the sign-in domain but the first.
const HOSTS: [&str; 5] = ["sts.contoso.com", "web.fabrikam.com", "login.fabrikam.com", "evil.example", "contoso.com.evil.example"];

fn simulator_of_all() -> Simulator {
    shorten_waits();
    Simulator::builder().host("evil.example").host("contoso.com.evil.example").host("evilcontoso.com").start().unwrap()
}

fn config(simulator: &Simulator) -> Config {
    let address = simulator.https_address();
    let map: Vec<String> = HOSTS.iter().chain(&["evilcontoso.com"]).map(|host| format!("{host}={address}")).collect();
    Config::of(simulator).with("resolve", &map.join(","))
}

fn own_host(simulator: &Simulator) -> String {
    simulator.url().trim_start_matches("https://").trim_end_matches('/').to_owned()
}

/// A 401 of `route` that names this token service, which gives a token that is good at the simulator's own host.
fn token_service(simulator: &Simulator, route: &str, address: &str) {
    let challenge = format!("MsRtcOAuth href=\"{address}\",grant_type=\"password\"");
    simulator.fault(Fault::on(route).respond(401, "").header("WWW-Authenticate", &challenge));
    let granted = json!({"access_token": simulator.issue_token(&own_host(simulator)), "expires_in": 28_800});
    let host = url::Url::parse(address).unwrap().host_str().unwrap().to_owned();
    simulator.fault(Fault::any().host(&host).method("POST").respond(200, granted.to_string()));
}

/// The hosts that were sent something secret, beside the simulator's own.
fn others_with_secrets(simulator: &Simulator) -> Vec<String> {
    let secret = |request: &ucwa_simulator::RequestRecord| request.token || String::from_utf8_lossy(&request.body).contains("password");
    let hosts = simulator.requests().into_iter().filter(secret).map(|request| request.host.split(':').next().unwrap().to_owned());
    hosts.filter(|host| host != "localhost").collect()
}

#[test]
fn a_photo_s_challenge_cannot_have_the_password_sent_away() {
    let simulator = simulator_of_all();
    for evil in ["https://evil.example/collect", "https://contoso.com.evil.example/WebTicket/oauthtoken", "https://evilcontoso.com/x"] {
        let app = config(&simulator).sign_in().unwrap();
        app.photo(Some(SARA), None).unwrap();
        simulator.clear_requests();
        token_service(&simulator, "contactPhoto", evil);
        let failure = app.photo(Some(SARA), None).unwrap_err();
        assert_eq!(failure.status, UCWA_AUTHENTICATION_FAILED, "{failure:?}");
        let host = url::Url::parse(evil).unwrap().host_str().unwrap().to_owned();
        for part in [host.as_str(), "trusted_domains", "contoso.com", "photos"] {
            assert!(failure.message.contains(part), "{part}: {}", failure.message);
        }
        assert!(others_with_secrets(&simulator).is_empty() && simulator.count("token") == 0, "{:?}", routes(&simulator));
        // The application goes on.
        simulator.clear_faults();
        app.photo(Some(SARA), None).unwrap();
        assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
    }
}

#[test]
fn where_the_token_service_may_be() {
    let simulator = simulator_of_all();
    let table = [
        ("https://sts.contoso.com/WebTicket/oauthtoken", None, true),
        ("https://web.fabrikam.com/WebTicket/oauthtoken", None, false),
        ("https://web.fabrikam.com/WebTicket/oauthtoken", Some("web.fabrikam.com"), true),
        ("https://web.fabrikam.com/WebTicket/oauthtoken", Some("x.example, *.fabrikam.com"), true),
        ("https://login.fabrikam.com/WebTicket/oauthtoken", Some("web.fabrikam.com,fabrikam.com"), false),
        ("https://evil.example/collect", Some("*.contoso.com"), false),
        ("https://contoso.com.evil.example/collect", None, false),
        ("https://evilcontoso.com/collect", None, false),
    ];
    for (service, trusted, allowed) in table {
        let host = url::Url::parse(service).unwrap().host_str().unwrap().to_owned();
        simulator.clear_faults();
        simulator.clear_requests();
        token_service(&simulator, "user", service);
        let config = config(&simulator);
        config.set("trusted_domains", trusted).unwrap();
        match config.sign_in() {
            Ok(app) => {
                assert!(allowed, "{service} {trusted:?}");
                assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
                assert_eq!(others_with_secrets(&simulator), [host], "{trusted:?}");
            }
            Err(failure) => {
                assert!(!allowed, "{service} {trusted:?}: {failure:?}");
                assert_eq!(failure.status, UCWA_AUTHENTICATION_FAILED, "{failure:?}");
                assert!(failure.message.contains(&host) && failure.message.contains("trusted_domains"), "{}", failure.message);
                assert!(others_with_secrets(&simulator).is_empty());
                assert!(simulator.requests().iter().all(|request| !request.host.starts_with(&host)), "{:?}", simulator.requests());
            }
        }
    }
}

#[test]
fn a_host_of_the_discovery_chain_may_give_tokens() {
    let simulator = simulator_of_all();
    // From the simulator's own host to a partner's, whose tokens come from where discovery began.
    let partner = format!("https://web.fabrikam.com:{}/Autodiscover/AutodiscoverService.svc/root", simulator.https_address().port());
    simulator
        .fault(Fault::on("root").host("localhost").respond(200, json!({"_links": {"redirect": {"href": partner}}}).to_string()).forever());
    let challenge = format!("MsRtcOAuth href=\"{}WebTicket/oauthtoken\",grant_type=\"password\"", simulator.url());
    simulator.fault(Fault::on("user").host("web.fabrikam.com").respond(401, "").header("WWW-Authenticate", &challenge));
    let granted = json!({"access_token": simulator.issue_token("web.fabrikam.com"), "expires_in": 28_800});
    simulator.fault(Fault::on("token").respond(200, granted.to_string()));
    let app = config(&simulator).sign_in().unwrap();
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
    // A host that discovery did not go through may not.
    simulator.clear_requests();
    token_service(&simulator, "user", "https://login.fabrikam.com/WebTicket/oauthtoken");
    assert_eq!(config(&simulator).sign_in().err().unwrap().status, UCWA_AUTHENTICATION_FAILED);
    assert!(others_with_secrets(&simulator).is_empty());
}

#[test]
fn the_token_callback_is_asked_where_a_password_would_go() {
    let simulator = simulator_of_all();
    for (service, allowed) in [
        ("https://evil.example/collect".to_owned(), false),
        ("https://sts.contoso.com/WebTicket/oauthtoken".into(), true),
        (format!("{}WebTicket/oauthtoken", simulator.url()), true),
    ] {
        simulator.clear_faults();
        simulator.clear_requests();
        let challenge = format!("MsRtcOAuth href=\"{service}\",grant_type=\"password\"");
        simulator.fault(Fault::on("user").respond(401, "").header("WWW-Authenticate", &challenge));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let token = simulator.issue_token(&own_host(&simulator));
        let config = config(&simulator).without("password");
        config.on_token(Box::new(move |challenge| {
            log.lock().unwrap().push(challenge["tokenUrl"].as_str().unwrap_or_default().to_owned());
            Some(token.clone())
        }));
        let outcome = config.sign_in();
        assert_eq!(outcome.is_ok(), allowed, "{service}");
        let expected = if allowed { vec![service.clone()] } else { vec![] };
        assert_eq!(*asked.lock().unwrap(), expected);
        if let Err(failure) = outcome {
            assert!(failure.message.contains("evil.example") && failure.message.contains("trusted_domains"), "{}", failure.message);
            assert!(simulator.requests().iter().all(|request| !request.token));
        }
    }
}

#[test]
fn another_name_is_asked_where_the_first_one_s_token_service_is_refused() {
    let simulator = simulator_of_all();
    let address = simulator.https_address();
    let names = ["lyncdiscoverinternal.contoso.com", "lyncdiscover.contoso.com", "evil.example"].map(|host| format!("{host}={address}"));
    let config = Config::of(&simulator).without("discovery_url").with("resolve", &names.join(","));
    let challenge = "MsRtcOAuth href=\"https://evil.example/collect\",grant_type=\"password\"";
    simulator.fault(Fault::on("user").host("lyncdiscoverinternal").respond(401, "").header("WWW-Authenticate", challenge).forever());
    config.sign_in().unwrap();
    assert!(simulator.requests().iter().all(|request| !request.host.starts_with("evil")));
    // Where both do so, the refusal is what is told.
    simulator.fault(Fault::on("user").host("lyncdiscover.").respond(401, "").header("WWW-Authenticate", challenge).forever());
    simulator.fault(Fault::on("user").respond(401, "").header("WWW-Authenticate", challenge).forever());
    let failure = config.sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_AUTHENTICATION_FAILED, "{failure:?}");
    assert_eq!(failure.message.matches("add it to trusted_domains").count(), 1, "{}", failure.message);
    assert!(simulator.requests().iter().all(|request| !request.host.starts_with("evil")));
}

#[test]
fn a_challenge_with_very_many_grants() {
    let simulator = simulator();
    let challenge = |grants: &str| {
        let challenge = format!("MsRtcOAuth href=\"{}WebTicket/oauthtoken\",grant_type=\"{grants}\"", simulator.url());
        simulator.fault(Fault::on("user").respond(401, "").header("WWW-Authenticate", &challenge));
    };
    let grants = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    for offered in [format!("{},password", grants(10_000)), format!("password,{}", grants(10_000))] {
        challenge(&offered);
        Config::of(&simulator).sign_in().unwrap();
    }
    // Those that are offered are told in a few words.
    challenge(&grants(10_000));
    let failure = Config::of(&simulator).without("password").sign_in().err().unwrap();
    assert!(failure.status == UCWA_AUTHENTICATION_FAILED && failure.message.len() < 1_000, "{}", failure.message);
    // There is an end to what is read.
    challenge(&grants(65_000));
    let failure = Config::of(&simulator).sign_in().err().unwrap();
    assert!(failure.status == UCWA_PROTOCOL && failure.message.contains("64 KiB"), "{}", failure.message);
    assert_eq!(simulator.count("token"), 2);
}

#[test]
fn a_byte_order_mark_before_the_token() {
    let simulator = simulator();
    let granted = json!({"access_token": simulator.issue_token(&own_host(&simulator)), "expires_in": "28800"});
    simulator.fault(Fault::on("token").respond(200, format!("\u{feff}{granted}")));
    let app = Config::of(&simulator).sign_in().unwrap();
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
    simulator.fault(Fault::on("token").respond(400, "\u{feff}{\"error\":\"invalid_grant\"}"));
    let failure = Config::of(&simulator).sign_in().err().unwrap();
    assert_eq!((failure.status, failure.json["code"].as_str()), (UCWA_AUTHENTICATION_FAILED, Some("invalid_grant")), "{failure:?}");
}

#[test]
fn what_the_diagnostics_mean() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    for (number, words) in [
        ("28000", "not enabled for Skype for Business"),
        ("28020", "no valid token"),
        ("28029", "way of signing in is not enabled"),
        ("28055", "expired"),
        ("28070", "Origin or Referer"),
    ] {
        for body in [None, Some("<html>403 - Forbidden</html>")] {
            let header = format!("{number};source=\"fe01.contoso.com\";reason=\"x\"");
            let fault = Fault::on("contactPresence").status(403).header("X-Ms-diagnostics", &header);
            // Where the token is what is wrong, a fresh one is tried before.
            simulator.fault(body.map_or(fault.clone(), |body| fault.body(body)).forever());
            let failure = app.presence(SARA).unwrap_err();
            simulator.clear_faults();
            let expected = if ["28020", "28055"].contains(&number) { UCWA_AUTHENTICATION_FAILED } else { UCWA_FORBIDDEN };
            assert_eq!((failure.status, failure.json["diagnostics"].as_str()), (expected, Some(header.as_str())), "{failure:?}");
            assert!(failure.message.contains(number) && failure.message.contains(words), "{}", failure.message);
            assert_eq!(failure.message.matches(words).count(), 1, "{}", failure.message);
        }
    }
    simulator.fault(Fault::on("contactPresence").status(403).header("X-Ms-diagnostics", "29999;x"));
    assert!(!app.presence(SARA).unwrap_err().message.contains("29999"));

    simulator.fault(Fault::on("token").respond(400, r#"{"error":"unsupported_grant_type"}"#).header("X-Ms-diagnostics", "28029;x"));
    let failure = Config::of(&simulator).sign_in().err().unwrap();
    assert!(failure.status == UCWA_AUTHENTICATION_FAILED && failure.message.contains("not enabled on the server"), "{}", failure.message);
}
