//! Passwords and tokens: challenges, renewals, refusals.

use crate::common::*;
use ucwa::ffi::*;
use ucwa_simulator::{Fault, Simulator};

#[test]
fn a_password_of_any_characters() {
    let simulator = simulator();
    for password in ["a&b+c=d%20 e#f?g;h", "pässwörd ☂", "\"quoted\" \\ 'too'", " "] {
        simulator.set_password(password);
        Config::of(&simulator).with("password", password).sign_in().unwrap_or_else(|failure| panic!("{password}: {failure:?}"));
    }
}

#[test]
fn other_account_names() {
    let simulator = simulator();
    for username in ["CONTOSO\\lenea", "lenea@contoso.com", "sip:LeneA@contoso.com"] {
        Config::of(&simulator).with("username", username).sign_in().unwrap();
    }
}

#[test]
fn refused_credentials_are_sent_once() {
    let simulator = simulator();
    let config = Config::of(&simulator).with("password", "wrong");
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let failure = config.sign_in().err().unwrap();
                assert_eq!(failure.status, UCWA_AUTHENTICATION_FAILED);
                assert!(failure.json["code"] == "invalid_grant" && failure.request().contains("oauthtoken"), "{failure:?}");
            });
        }
    });
    assert_eq!(simulator.count("token"), 1, "sixteen threads, one grant request");
    simulator.clear_requests();
    assert_eq!(config.sign_in().err().unwrap().status, UCWA_AUTHENTICATION_FAILED);
    assert!(routes(&simulator).is_empty(), "nothing is asked with credentials that are known to be refused");
    config.set("password", Some(simulator.password())).unwrap();
    config.sign_in().unwrap();
}

#[test]
fn a_password_that_changed_while_signed_in() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    simulator.set_password("new");
    simulator.expire_tokens();
    simulator.clear_requests();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(app.presence(SARA).unwrap_err().status, UCWA_AUTHENTICATION_FAILED));
        }
    });
    assert_eq!(simulator.count("token"), 1);
    simulator.clear_requests();
    assert_eq!(app.presence(SARA).unwrap_err().status, UCWA_AUTHENTICATION_FAILED);
    assert_eq!(app.presences_of(&[SARA, "ManishC@contoso.com"]).unwrap_err().status, UCWA_AUTHENTICATION_FAILED);
    assert!(routes(&simulator).is_empty(), "neither the password nor the token is sent again");
    app.set("password", "new").unwrap();
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
    assert_eq!(simulator.count("token"), 1);
    assert_eq!(app.set("sign_in_address", "sip:x@y.example").unwrap_err().status, UCWA_INVALID_CONFIG);
}

#[test]
fn a_grant_that_is_lost_on_the_way() {
    let simulator = simulator();
    let config = Config::of(&simulator);
    simulator.fault(Fault::on("token").reset());
    assert_eq!(config.sign_in().err().unwrap().status, UCWA_NETWORK);
    assert_eq!(simulator.count("token"), 1, "it may have been counted as an attempt");
    config.sign_in().unwrap();
    simulator.clear_requests();
    simulator.fault(Fault::on("token").reset());
    config.sign_in().unwrap();
    assert_eq!(simulator.count("token"), 2, "these credentials are known to be good");
    simulator.fault(Fault::on("token").status(503));
    Config::of(&simulator).sign_in().unwrap();
}

#[test]
fn an_expired_token_is_renewed_once_for_all_threads() {
    shorten_waits();
    for forbidden in [false, true] {
        let simulator = Simulator::builder().forbid_expired(forbidden).start().unwrap();
        let app = App::on(&simulator);
        app.presence(SARA).unwrap();
        simulator.expire_tokens();
        simulator.clear_requests();
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis"));
            }
        });
        assert_eq!(simulator.count("token"), 1, "forbidden: {forbidden}");
    }
}

#[test]
fn a_token_that_is_refused_again_ends_the_call() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    simulator.clear_requests();
    simulator.fault(Fault::on("contactPresence").status(401).forever());
    let failure = app.presence(SARA).unwrap_err();
    assert_eq!(failure.status, UCWA_AUTHENTICATION_FAILED);
    assert_eq!((simulator.count("contactPresence"), simulator.count("token")), (2, 1));
}

#[test]
fn an_ordinary_403_renews_nothing() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    simulator.clear_requests();
    simulator.fault(Fault::on("contactPresence").status(403));
    assert_eq!(app.presence(SARA).unwrap_err().status, UCWA_FORBIDDEN);
    assert_eq!(routes(&simulator), ["GET contactPresence"]);
}

#[test]
fn creating_the_application_is_refused_at_first() {
    let simulator = simulator();
    simulator.fault(Fault::on("applications").html_page(401));
    Config::of(&simulator).sign_in().unwrap();
    assert_eq!(simulator.count("token"), 2);
}

#[test]
fn challenges_of_other_shapes() {
    shorten_waits();
    let unquoted = Simulator::builder().unquoted_challenge(true).start().unwrap();
    Config::of(&unquoted).sign_in().unwrap();

    let bearer_only = Simulator::builder().bearer_challenge_only(true).start().unwrap();
    let failure = Config::of(&bearer_only).sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_AUTHENTICATION_FAILED);
    assert!(failure.message.contains("MsRtcOAuth"), "{}", failure.message);

    let windows = Simulator::builder().grants(&["urn:microsoft.rtc:windows"]).start().unwrap();
    let failure = Config::of(&windows).sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_AUTHENTICATION_FAILED);
    assert!(failure.message.contains("urn:microsoft.rtc:windows"), "{}", failure.message);
    assert_eq!(windows.count("token"), 0);
}

#[test]
fn a_server_that_wants_a_web_page() {
    let simulator = simulator();
    let body = r#"{"error":"invalid_grant","ms_rtc_passiveauthuri":"https://login.contoso.com/passive"}"#;
    simulator.fault(Fault::on("token").respond(400, body));
    let failure = Config::of(&simulator).sign_in().err().unwrap();
    assert_eq!((failure.status, failure.json["signInUrl"].as_str()), (UCWA_SIGN_IN_ELSEWHERE, Some("https://login.contoso.com/passive")));
}

#[test]
fn a_split_pool_takes_a_token_of_its_own() {
    shorten_waits();
    let simulator = Simulator::builder().applications_host("pool2.contoso.com").start().unwrap();
    let app = Config::by_name(&simulator).sign_in().unwrap();
    app.presence(SARA).unwrap();
    assert_eq!(simulator.count("token"), 2);
    let mut by_host: Vec<(String, String)> = Vec::new();
    for request in simulator.requests() {
        if let Some((_, token)) = request.headers.iter().find(|(name, _)| name == "authorization") {
            by_host.push((request.host.split(':').next().unwrap().to_owned(), token.clone()));
        }
    }
    for (host, token) in &by_host {
        assert!(by_host.iter().all(|(other, same)| host == other || token != same), "a token went to two hosts");
    }
}

#[test]
fn a_given_token() {
    let simulator = simulator();
    let host = simulator.url().trim_start_matches("https://").trim_end_matches('/').to_owned();
    let config = Config::of(&simulator).without("password").with("access_token", &simulator.issue_token(&host));
    let app = config.sign_in().unwrap();
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
    assert_eq!(simulator.count("token"), 0);

    simulator.expire_tokens();
    simulator.clear_requests();
    for _ in 0..3 {
        let failure = app.presence(SARA).unwrap_err();
        assert_eq!(failure.status, UCWA_AUTHENTICATION_FAILED);
        assert!(failure.message.contains("access_token"), "{}", failure.message);
    }
    assert_eq!(routes(&simulator).len(), 1, "what was refused is not sent again: {:?}", routes(&simulator));
    assert_eq!(config.sign_in().err().unwrap().status, UCWA_AUTHENTICATION_FAILED);
    app.set("access_token", &simulator.issue_token(&host)).unwrap();
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
}

#[test]
fn a_given_token_goes_to_one_host() {
    shorten_waits();
    let simulator = Simulator::builder().applications_host("pool2.contoso.com").start().unwrap();
    let token = simulator.issue_token("lyncdiscoverinternal.contoso.com");
    let failure = Config::by_name(&simulator).without("password").with("access_token", &token).sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_AUTHENTICATION_FAILED);
    assert!(failure.message.contains("pool2.contoso.com"), "{}", failure.message);
    for request in simulator.requests() {
        assert!(!request.token || request.host.starts_with("lyncdiscoverinternal"), "{request:?}");
    }
}

#[test]
fn passwords_do_not_go_over_plain_http() {
    let simulator = simulator();
    let http = simulator.http_address();
    let plain =
        |config: Config| config.with("discovery_url", "http://pool1.contoso.com/").with("resolve", &format!("pool1.contoso.com={http}"));
    // A server that would take them.
    let root = r#"{"_links":{"user":{"href":"http://pool1.contoso.com/Autodiscover/AutodiscoverService.svc/root/oauth/user"}}}"#;
    simulator.fault(Fault::on("root").respond(200, root).forever());
    let failure = plain(Config::of(&simulator)).sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_DISCOVERY_FAILED, "{}", failure.message);
    assert!(simulator.requests().iter().all(|request| request.route == "root"));

    // Https that hands out a token service on plain http.
    simulator.clear_faults();
    simulator.clear_requests();
    let challenge = "MsRtcOAuth href=\"http://pool1.contoso.com/WebTicket/oauthtoken\",grant_type=\"password\"";
    simulator.fault(Fault::on("user").respond(401, "").header("WWW-Authenticate", challenge).forever());
    let config = Config::of(&simulator).with("resolve", &format!("pool1.contoso.com={http}"));
    let failure = config.sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_AUTHENTICATION_FAILED, "{}", failure.message);
    assert!(failure.message.contains("allow_insecure_http"), "{}", failure.message);
    assert_eq!(simulator.count("token"), 0);
}
