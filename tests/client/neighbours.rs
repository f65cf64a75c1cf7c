//! Discovery among other web sites: what answers at a name without being the server, and what it gets.

use crate::common::*;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use ucwa::ffi::*;
use ucwa_simulator::{Fault, Simulator};

const INTERNAL: &str = "lyncdiscoverinternal.contoso.com";
const EXTERNAL: &str = "lyncdiscover.contoso.com";
const NAMES: [&str; 2] = [INTERNAL, EXTERNAL];
const POOL: &str = "pool1.contoso.com";
const SIPURI: &str = "sipuri=sip%3Alenea%40contoso.com";

/// A configuration that finds the simulator by both names.
fn by_both_names(simulator: &Simulator) -> Config {
    let address = simulator.https_address();
    let map: Vec<String> = [INTERNAL, EXTERNAL, POOL, "evil.example"].iter().map(|host| format!("{host}={address}")).collect();
    Config::of(simulator).without("discovery_url").with("resolve", &map.join(","))
}

/// An answer to whatever is asked under a name.
fn site(host: &str, status: u16, challenges: &[&str]) -> Fault {
    let fault = Fault::any().host(host).respond(status, "");
    challenges.iter().fold(fault, |fault, challenge| fault.header("WWW-Authenticate", challenge)).forever()
}

/// What answers at a name without being Skype for Business Server.
fn strangers(host: &str) -> Vec<Fault> {
    let any = |fault: Fault| fault.host(host).forever();
    vec![
        site(host, 401, &["Negotiate", "NTLM"]),
        site(host, 401, &["Negotiate oXsweaADCgEBoXQ="]),
        site(host, 401, &["NTLM"]),
        site(host, 401, &["Basic realm=\"intranet\""]),
        site(host, 401, &["Bearer realm=\"api\", error=\"invalid_token\""]),
        site(host, 401, &["MsRtcOAuth grant_type=\"password\""]),
        site(host, 401, &[]),
        site(host, 400, &[]),
        site(host, 200, &[]),
        site(host, 204, &[]),
        site(host, 304, &[]),
        site(host, 404, &[]),
        site(host, 403, &[]),
        site(host, 503, &[]),
        any(Fault::any().respond(200, "{}")),
        any(Fault::any().respond(200, "[1]")),
        any(Fault::any().respond(200, r#"{"_links":{"self":{"href":"/"}}}"#)),
        any(Fault::any().html_page(200)),
        any(Fault::any().html_page(401)),
        any(Fault::any().respond(302, "").header("Location", "/login")),
        any(Fault::any().respond(302, "").header("Location", "https://evil.example/login")),
    ]
}

/// Callback and the origins that it was asked for.
fn with_callback(config: Config, simulator: &Simulator) -> (Config, Arc<Mutex<Vec<Value>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let token = simulator.issue_token(EXTERNAL);
    let log = Arc::clone(&asked);
    config.on_token(Box::new(move |challenge| {
        log.lock().unwrap().push(challenge);
        Some(token.clone())
    }));
    (config, asked)
}

#[test]
fn a_wrong_neighbour_does_not_hide_the_other_name_and_gets_nothing() {
    let simulator = simulator();
    for stranger in strangers(INTERNAL) {
        let shown = format!("{stranger:?}");
        simulator.clear_faults();
        simulator.fault(stranger);
        let by_password = by_both_names(&simulator);
        let by_token = by_both_names(&simulator).without("password").with("access_token", &simulator.issue_token(EXTERNAL));
        let (by_callback, asked) = with_callback(by_both_names(&simulator).without("password"), &simulator);
        for config in [&by_password, &by_token, &by_callback] {
            simulator.clear_requests();
            let app = config.sign_in().unwrap_or_else(|failure| panic!("{shown}: {failure:?}"));
            assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
            for request in simulator.requests() {
                let own = request.host.starts_with(EXTERNAL);
                assert!(own || request.host.starts_with(INTERNAL), "{shown}: {request:?}");
                assert!(own || !request.token && request.body.is_empty(), "{shown}: {request:?}");
            }
        }
        let asked = asked.lock().unwrap();
        assert!(!asked.is_empty() && asked.iter().all(|challenge| challenge["host"] == format!("https://{EXTERNAL}")), "{asked:?}");
    }
}

#[test]
fn every_name_answers_as_somebody_else() {
    let simulator = simulator();
    simulator.fault(site(INTERNAL, 401, &["Negotiate", "NTLM"]));
    simulator.fault(site(EXTERNAL, 401, &["Basic realm=\"intranet\""]));
    let (config, asked) = with_callback(by_both_names(&simulator).without("password"), &simulator);
    let config = config.with("access_token", &simulator.issue_token(EXTERNAL));
    let failure = config.sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_DISCOVERY_FAILED, "{}", failure.message);
    for part in [INTERNAL, EXTERNAL, "https://", "http://", "401", "Negotiate, NTLM", "Basic", "discovery_url", "contoso.com"] {
        assert!(failure.message.contains(part), "{part}: {}", failure.message);
    }
    for advice in ["discovery_url", "another web site or a proxy may have answered", "check the host"] {
        assert!(failure.message.matches(advice).count() <= 1, "{advice}: {}", failure.message);
    }
    assert!(simulator.requests().iter().all(|request| !request.token && request.body.is_empty()));
    assert!(asked.lock().unwrap().is_empty());

    simulator.clear_faults();
    simulator.fault(site(INTERNAL, 400, &[]));
    simulator.fault(Fault::any().host(EXTERNAL).html_page(200).forever());
    let failure = by_both_names(&simulator).sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_DISCOVERY_FAILED, "{}", failure.message);
    for part in ["400", "empty body", "text/html"] {
        assert!(failure.message.contains(part), "{part}: {}", failure.message);
    }
}

#[test]
fn a_failed_look_up_says_its_advice_once() {
    let simulator = simulator();
    let nowhere = nowhere();
    let config = Config::of(&simulator).without("discovery_url").with("resolve", &format!("{INTERNAL}={nowhere},{EXTERNAL}={nowhere}"));
    let failure = config.sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_DISCOVERY_FAILED);
    for name in NAMES {
        assert_eq!(failure.message.matches(name).count(), 2, "over https and over http: {}", failure.message);
    }
    let pieces: Vec<&str> = failure.message.split("; ").collect();
    for (at, piece) in pieces.iter().enumerate() {
        assert!(!pieces[at + 1..].contains(piece), "\"{piece}\" is said again: {}", failure.message);
    }
}

#[test]
fn a_stranger_at_discovery_url() {
    let simulator = simulator();
    for (status, challenges) in [(401, &["Negotiate", "NTLM"][..]), (401, &[]), (400, &[])] {
        simulator.clear_faults();
        simulator.clear_requests();
        simulator.fault(site("localhost", status, challenges));
        let failure = Config::of(&simulator).sign_in().err().unwrap();
        assert_eq!((failure.status, failure.json["httpStatus"].as_u64()), (UCWA_PROTOCOL, Some(u64::from(status))), "{failure:?}");
        challenges.iter().for_each(|challenge| assert!(failure.message.contains(challenge), "{}", failure.message));
        assert_eq!(simulator.requests().len(), 1, "and nothing was sent there");
    }
}

#[test]
fn an_attached_application_s_host_is_no_exception() {
    let simulator = simulator();
    let known = App::on(&simulator).application().unwrap();
    let config = Config::of(&simulator).without("discovery_url").with("application_url", known["href"].as_str().unwrap());
    config.sign_in().unwrap();
    simulator.clear_requests();
    simulator.fault(site("localhost", 401, &["Negotiate"]));
    let failure = config.sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_PROTOCOL, "{failure:?}");
    assert!(failure.message.contains("Negotiate") && simulator.requests().iter().all(|request| !request.token && request.body.is_empty()));
}

#[test]
fn the_first_request_says_whom_it_is_for() {
    let simulator = simulator();
    // Both names are asked, since the one that is preferred leads to nothing.
    simulator.fault(site(INTERNAL, 400, &[]));
    by_both_names(&simulator).sign_in().unwrap();
    let targets = |simulator: &Simulator| -> Vec<(String, String)> {
        simulator.requests().into_iter().map(|request| (request.host.split(':').next().unwrap().to_owned(), request.target)).collect()
    };
    for name in NAMES {
        let asked: Vec<String> = targets(&simulator).into_iter().filter(|(host, _)| host == name).map(|(_, target)| target).collect();
        assert_eq!(asked[0], format!("/?{SIPURI}"));
        assert!(asked[1..].iter().all(|target| !target.contains("sipuri")), "hrefs are followed as given: {asked:?}");
    }

    simulator.clear_faults();
    for (given, sent) in [
        ("", format!("/?{SIPURI}")),
        ("Autodiscover/AutodiscoverService.svc/root", format!("/Autodiscover/AutodiscoverService.svc/root?{SIPURI}")),
        ("?x=%20y", format!("/?x=%20y&{SIPURI}")),
        ("?SipUri=sip:other@contoso.com", "/?SipUri=sip:other@contoso.com".into()),
    ] {
        simulator.clear_requests();
        Config::of(&simulator).with("discovery_url", &format!("{}{given}", simulator.url())).sign_in().unwrap();
        let asked = targets(&simulator);
        assert_eq!(asked[0].1, sent);
        assert!(asked[1..].iter().all(|(_, target)| !target.to_lowercase().contains("sipuri")), "{asked:?}");
    }
    simulator.clear_requests();
    Config::of(&simulator).without("sign_in_address").with("username", "lenea@contoso.com").sign_in().unwrap();
    assert_eq!(targets(&simulator)[0].1, "/", "nothing is known to say");
    let odd = "sip:a+b&c=d#e%20f@contoso.com";
    simulator.clear_requests();
    Config::of(&simulator).with("sign_in_address", odd).with("username", "lenea@contoso.com").sign_in().unwrap();
    assert_eq!(targets(&simulator)[0].1, "/?sipuri=sip%3Aa%2Bb%26c%3Dd%23e%2520f%40contoso.com");
}

#[test]
fn the_home_server_is_unknown() {
    let simulator = simulator();
    simulator.fault(Fault::on("user").skip(1).respond(404, "").forever());
    let failure = Config::of(&simulator).sign_in().err().unwrap();
    assert_eq!((failure.status, failure.json["httpStatus"].as_u64()), (UCWA_NOT_FOUND, Some(404)), "{failure:?}");
    for part in ["not enabled for Skype for Business", "cloud", "sign_in_address", "administrator"] {
        assert!(failure.message.contains(part), "{part}: {}", failure.message);
    }
    assert!(failure.request().contains("/oauth/user"), "{failure:?}");
    // By names it is told once, of whichever of them.
    let failure = by_both_names(&simulator).sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_NOT_FOUND, "{failure:?}");
    assert!(failure.message.contains("not enabled for Skype for Business") && failure.message.contains(EXTERNAL), "{}", failure.message);
    // Any other 404 is what it was.
    simulator.clear_faults();
    simulator.fault(Fault::on("user").skip(1).status(404).forever());
    let failure = Config::of(&simulator).sign_in().err().unwrap();
    assert_eq!(failure.json["subcode"], "ResourceNotFound", "{failure:?}");
    assert!(!failure.message.contains("enabled"), "{}", failure.message);
}

#[test]
fn a_user_s_resource_over_plain_http_is_explained() {
    let simulator = simulator();
    let (http, nowhere) = (simulator.http_address(), nowhere());
    let config = Config::of(&simulator).without("discovery_url").with("resolve", &format!("{INTERNAL}={http},{EXTERNAL}={nowhere}"));
    let body = json!({"_links": {"user": {"href": "https://pool1.contoso.com/root/oauth/user"}}});
    simulator.fault(Fault::on("root").host(INTERNAL).respond(200, body.to_string()).forever());
    let failure = config.sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_DISCOVERY_FAILED, "{failure:?}");
    for part in ["plain http", "redirect to https", "discovery_url"] {
        assert!(failure.message.contains(part), "{part}: {}", failure.message);
    }
    assert!(simulator.requests().iter().all(|request| !request.tls && !request.token));
    // A server's challenge over plain http is no better.
    simulator.clear_faults();
    simulator.fault(site(INTERNAL, 401, &["MsRtcOAuth href=\"https://pool1.contoso.com/WebTicket/oauthtoken\",grant_type=\"password\""]));
    let failure = config.sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_DISCOVERY_FAILED, "{failure:?}");
    assert!(failure.message.contains("plain http") && simulator.requests().iter().all(|request| request.body.is_empty()), "{failure:?}");
}

/// A host that takes connections in its backlog and never says a word, and so looks to a client as one that drops packets.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// Whom the internal name leads to, in the user's resource or in what that answers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Leads {
    ToUser,
    ToApplications,
}

fn split_dns(simulator: &Simulator, pool: &str, leads: Leads) -> Config {
    let https = simulator.https_address();
    simulator.fault(match leads {
        Leads::ToUser => {
            let user =
                json!({"_links": {"user": {"href": format!("https://{POOL}/Autodiscover/AutodiscoverService.svc/root/oauth/user")}}});
            Fault::on("root").host(INTERNAL).respond(200, user.to_string()).forever()
        }
        Leads::ToApplications => {
            let applications = json!({"_links": {"applications": {"href": format!("https://{POOL}/ucwa/oauth/v1/applications")}}});
            Fault::on("user").host(INTERNAL).respond(200, applications.to_string()).forever()
        }
    });
    Config::of(simulator)
        .without("discovery_url")
        .with("resolve", &format!("{INTERNAL}={https},{EXTERNAL}={https},{POOL}={pool}"))
        .with("connect_timeout_ms", "300")
}

/// How many connections wait to be accepted.
fn knocks(listener: &TcpListener) -> usize {
    listener.set_nonblocking(true).unwrap();
    std::iter::from_fn(|| listener.accept().ok()).count()
}

#[test]
fn a_silent_pool_costs_one_attempt_of_the_first_call_and_none_of_the_next() {
    for leads in [Leads::ToUser, Leads::ToApplications] {
        let simulator = simulator();
        let (listener, pool) = silent();
        let config = split_dns(&simulator, &pool, leads);
        for call in 0..3 {
            let app = config.sign_in().unwrap_or_else(|failure| panic!("{leads:?} {call}: {failure:?}"));
            assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
            assert_eq!(knocks(&listener), usize::from(call == 0), "{leads:?}: call {call}");
            if call > 0 {
                assert!(
                    simulator.requests().iter().all(|request| request.host.starts_with(EXTERNAL)),
                    "{leads:?}: {:?}",
                    routes(&simulator)
                );
            }
            simulator.clear_requests();
        }
    }
}

#[test]
fn a_pool_that_accepts_and_stays_silent() {
    let simulator = simulator();
    let config = split_dns(&simulator, &simulator.https_address().to_string(), Leads::ToUser);
    simulator.fault(Fault::any().host(POOL).hang().forever());
    for call in 0..3 {
        config.sign_in().unwrap();
        let at_the_pool = simulator.requests().iter().filter(|request| request.host.starts_with(POOL)).count();
        assert_eq!(at_the_pool, usize::from(call == 0), "call {call}");
        simulator.clear_requests();
    }
}

#[test]
fn the_only_pool_there_is_is_always_tried() {
    for leads in [Leads::ToUser, Leads::ToApplications] {
        let simulator = simulator();
        let (listener, pool) = silent();
        let config = split_dns(&simulator, &pool, leads).with("max_retries", "1").with("connect_timeout_ms", "150");
        // Nobody answers at the other name.
        let https = simulator.https_address();
        config.set("resolve", Some(&format!("{INTERNAL}={https},{EXTERNAL}={},{POOL}={pool}", nowhere()))).unwrap();
        for _ in 0..2 {
            let failure = config.sign_in().err().unwrap();
            assert_eq!(failure.status, UCWA_NETWORK, "{leads:?}: {failure:?}");
            assert!(failure.message.contains(POOL), "{leads:?}: {}", failure.message);
            assert!(knocks(&listener) > 0, "{leads:?}");
        }
        // It is there again.
        config.set("resolve", Some(&format!("{INTERNAL}={https},{EXTERNAL}={},{POOL}={https}", nowhere()))).unwrap();
        config.sign_in().unwrap();
    }
}

#[test]
fn a_pool_that_was_away_is_found_again_by_the_same_configuration() {
    let simulator = simulator();
    let config = split_dns(&simulator, &simulator.https_address().to_string(), Leads::ToUser);
    let hanging = Fault::any().host(POOL).hang().forever();
    simulator.fault(hanging);
    config.sign_in().unwrap();
    // Now the other name is gone, and the pool is there: it is tried though it was silent a moment ago.
    simulator.clear_faults();
    let user = json!({"_links": {"user": {"href": format!("https://{POOL}/Autodiscover/AutodiscoverService.svc/root/oauth/user")}}});
    simulator.fault(Fault::on("root").host(INTERNAL).respond(200, user.to_string()).forever());
    simulator.fault(site(EXTERNAL, 404, &[]));
    simulator.clear_requests();
    let app = config.sign_in().unwrap();
    assert!(app.application().unwrap()["href"].as_str().unwrap().contains(POOL));
}
