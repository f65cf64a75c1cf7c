//! Finding the server: names, redirects, trust.

use crate::common::*;
use serde_json::json;
use std::net::TcpListener;
use ucwa::ffi::*;
use ucwa_simulator::{Fault, Simulator};

fn resolving(simulator: &Simulator, map: &[(&str, &str)]) -> Config {
    let map: Vec<String> = map.iter().map(|(host, address)| format!("{host}={address}")).collect();
    Config::of(simulator).without("discovery_url").with("resolve", &map.join(","))
}

const INTERNAL: &str = "lyncdiscoverinternal.contoso.com";
const EXTERNAL: &str = "lyncdiscover.contoso.com";
const POOL: &str = "pool1.contoso.com";

#[test]
fn only_one_name_exists() {
    let simulator = simulator();
    let https = simulator.https_address().to_string();
    for (internal, external) in [(nowhere(), https.clone()), (https, nowhere())] {
        let config = resolving(&simulator, &[(INTERNAL, &internal), (EXTERNAL, &external)]);
        config.sign_in().unwrap();
    }
}

#[test]
fn a_firewall_that_swallows_connections() {
    shorten_waits();
    let simulator = simulator();
    // It takes the connection and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_address = silent.local_addr().unwrap().to_string();
    let https = simulator.https_address().to_string();
    for (internal, external) in [(&silent_address, &https), (&https, &silent_address)] {
        resolving(&simulator, &[(INTERNAL, internal), (EXTERNAL, external)]).sign_in().unwrap();
    }
}

#[test]
fn plain_http_only_leads_to_https() {
    let simulator = simulator();
    let (http, https) = (simulator.http_address().to_string(), simulator.https_address().to_string());
    let nowhere = nowhere();
    // The names answer over plain http alone, as where their certificate is for another name.
    let config = resolving(&simulator, &[(INTERNAL, &http), (EXTERNAL, &nowhere), (POOL, &https), ("web.fabrikam.com", &https)]);

    let lead = |rel: &str, to: &str| {
        simulator.clear_faults();
        simulator.clear_requests();
        simulator.fault(Fault::on("root").host(INTERNAL).respond(200, json!({"_links": {rel: {"href": to}}}).to_string()).forever());
    };
    lead("redirect", "https://pool1.contoso.com/");
    config.sign_in().unwrap();
    let asked = simulator.requests();
    assert!(
        asked.iter().filter(|request| !request.tls).all(|request| request.route == "root" && !request.token && request.body.is_empty()),
        "{asked:?}"
    );

    for (rel, to) in [
        ("redirect", "https://web.fabrikam.com/"),
        ("redirect", "http://pool1.contoso.com/"),
        ("redirect", "https://contoso.com.fabrikam.com/"),
        ("redirect", "https://evilcontoso.com/"),
        ("user", "https://pool1.contoso.com/Autodiscover/AutodiscoverService.svc/root/oauth/user"),
        ("applications", "https://pool1.contoso.com/ucwa/oauth/v1/applications"),
    ] {
        lead(rel, to);
        let failure = config.sign_in().err().unwrap();
        assert_eq!(failure.status, UCWA_DISCOVERY_FAILED, "{rel} {to}: {}", failure.message);
        assert!(simulator.requests().iter().all(|request| !request.tls), "{to} was not asked");
    }

    lead("redirect", "https://web.fabrikam.com/");
    for trusted in ["*.fabrikam.com", "x.example, WEB.fabrikam.com"] {
        config.set("trusted_domains", Some(trusted)).unwrap();
        config.sign_in().unwrap();
    }
    config.set("trusted_domains", Some("fabrikam.com")).unwrap();
    assert_eq!(config.sign_in().err().unwrap().status, UCWA_DISCOVERY_FAILED, "a host is that host alone");
}

#[test]
fn redirects_end() {
    let simulator = simulator();
    let lead = |to: &str| {
        let body = json!({"_links": {"redirect": {"href": format!("{}{to}", simulator.url())}}});
        simulator.fault(Fault::on("root").respond(200, body.to_string()));
    };
    // A way that ends well, within five hops.
    for hop in 1..=5 {
        lead(&format!("?hop={hop}"));
    }
    Config::of(&simulator).sign_in().unwrap();
    for hop in 1..=9 {
        lead(&format!("?hop={hop}"));
    }
    let failure = Config::of(&simulator).sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_DISCOVERY_FAILED);
    assert!(failure.message.contains("more than 5"), "{}", failure.message);

    simulator.clear_faults();
    let body = json!({"_links": {"redirect": {"href": simulator.url().replace("localhost", "LOCALHOST")}}});
    simulator.fault(Fault::on("root").respond(200, body.to_string()).forever());
    let failure = Config::of(&simulator).sign_in().err().unwrap();
    assert!(failure.status == UCWA_DISCOVERY_FAILED && failure.message.contains("circles"), "{}", failure.message);
}

#[test]
fn a_moved_user_without_the_last_part_of_the_address() {
    let simulator = simulator();
    let address = simulator.https_address();
    let config = Config::of(&simulator).with("resolve", &format!("pool2.contoso.com={address}"));
    let body = json!({"_links": {"redirect": {"href": "https://pool2.contoso.com/Autodiscover/AutodiscoverService.svc/root"}}});
    simulator.fault(Fault::on("user").skip(1).respond(200, body.to_string()));
    let app = config.sign_in().unwrap();
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
    assert_eq!(simulator.count("token"), 2, "the token of one host does not go to another");
}

#[test]
fn http_redirects_stay_in_the_domain() {
    let simulator = simulator();
    let address = simulator.https_address();
    let config = Config::of(&simulator).with("resolve", &format!("pool1.contoso.com={address},web.fabrikam.com={address}"));
    simulator.fault(Fault::on("root").respond(302, "").header("Location", "https://pool1.contoso.com/"));
    config.sign_in().unwrap();
    simulator.fault(Fault::on("root").respond(302, "").header("Location", "https://web.fabrikam.com/"));
    let failure = config.sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_DISCOVERY_FAILED, "{}", failure.message);
}

#[test]
fn a_name_that_leads_astray_does_not_hide_the_other() {
    let simulator = simulator();
    let https = simulator.https_address().to_string();
    let config = resolving(&simulator, &[(INTERNAL, &https), (EXTERNAL, &https), ("www.contoso.com", &https)]);
    // As where every name that is not there leads to the company's web site.
    simulator.fault(Fault::on("root").host(INTERNAL).respond(301, "").header("Location", "https://www.contoso.com/").forever());
    simulator.fault(Fault::on("root").host("www.contoso.com").html_page(200).forever());
    simulator.fault(Fault::on("root").host(EXTERNAL).delay(100).forever());
    let app = config.sign_in().unwrap();
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
    // Where both do, the first one's failure is told; a refused password is sent once.
    simulator.fault(Fault::on("root").host(EXTERNAL).respond(301, "").header("Location", "https://www.contoso.com/").forever());
    let failure = config.sign_in().err().unwrap();
    assert_eq!((failure.status, failure.json["httpStatus"].as_u64()), (UCWA_PROTOCOL, Some(200)), "{}", failure.message);
    assert!(failure.request().contains("www.contoso.com"), "{failure:?}");
    simulator.clear_faults();
    simulator.clear_requests();
    assert_eq!(config.with("password", "wrong").sign_in().err().unwrap().status, UCWA_AUTHENTICATION_FAILED);
    assert_eq!(simulator.count("token"), 1);
}

#[test]
fn nothing_is_found() {
    let simulator = simulator();
    let nowhere = nowhere();
    let failure = resolving(&simulator, &[(INTERNAL, &nowhere), (EXTERNAL, &nowhere)]).sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_DISCOVERY_FAILED);
    for part in [INTERNAL, EXTERNAL, "https://", "http://", "discovery_url"] {
        assert!(failure.message.contains(part), "{part} is missing: {}", failure.message);
    }
    let failure = Config::of(&simulator).with("discovery_url", &format!("https://{nowhere}/")).sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_NETWORK, "{}", failure.message);
}

#[test]
fn a_page_of_a_proxy() {
    let simulator = simulator();
    simulator.fault(Fault::on("root").html_page(200));
    let failure = Config::of(&simulator).sign_in().err().unwrap();
    assert_eq!((failure.status, failure.json["httpStatus"].as_u64()), (UCWA_PROTOCOL, Some(200)));
    assert!(failure.message.contains("text/html") && failure.request().starts_with("GET https://localhost"), "{}", failure.message);
    simulator.fault(Fault::on("user").html_page(404));
    assert_eq!(Config::of(&simulator).sign_in().err().unwrap().status, UCWA_PROTOCOL);
}

#[test]
fn an_authority_that_nobody_vouches_for() {
    let simulator = simulator();
    let failure = Config::of(&simulator).without("ca_file").sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_TLS, "{failure:?}");
    assert!(failure.message.contains("ca_file"), "it says what to do: {}", failure.message);
    let by_number = simulator.url().replace("localhost", "127.0.0.2");
    let failure = Config::of(&simulator).with("discovery_url", &by_number).sign_in().err().unwrap();
    assert!([UCWA_TLS, UCWA_NETWORK].contains(&failure.status), "{}", failure.message);
}

#[test]
fn further_authorities_from_a_folder() {
    let simulator = simulator();
    let folder = simulator.ca_file().parent().unwrap().to_str().unwrap();
    Config::of(&simulator).without("ca_file").with("ca_dir", folder).with("minimum_tls", "1.3").sign_in().unwrap();
}

#[test]
fn the_older_shape_of_discovery() {
    shorten_waits();
    let simulator = Simulator::builder().legacy_discovery(true).start().unwrap();
    let app = Config::of(&simulator).sign_in().unwrap();
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
}

#[test]
fn plain_http_on_this_machine() {
    let simulator = simulator();
    let app = Config::of(&simulator).with("discovery_url", simulator.http_url()).sign_in().unwrap();
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
}

#[test]
fn attaching_to_an_application() {
    let simulator = simulator();
    let first = App::on(&simulator);
    let known = first.application().unwrap();
    let config = Config::of(&simulator).without("discovery_url").without("sign_in_address").with("username", "lenea@contoso.com");
    let config = config.with("application_url", known["href"].as_str().unwrap());
    simulator.clear_requests();
    let second = config.sign_in().unwrap();
    assert_eq!(routes(&simulator), ["GET application", "POST token", "GET application"]);
    for name in ["href", "endpointId", "culture", "userAgent", "id"] {
        assert_eq!(second.application().unwrap()[name], known[name], "{name}");
    }
    simulator.delete_applications();
    let failure = second.presence(SARA).unwrap_err();
    assert_eq!(failure.status, UCWA_NOT_FOUND);
    assert!(failure.message.contains("sign_in_address"), "{}", failure.message);
    assert_eq!(config.sign_in().err().unwrap().status, UCWA_NOT_FOUND);
}

#[test]
fn a_fixed_endpoint_gives_the_same_application() {
    let simulator = simulator();
    let config = Config::of(&simulator)
        .with("endpoint_id", "4e9e2f0c-5d0f-4a0e-8a53-1f1ab4f7e7d6")
        .with("culture", "de-DE")
        .with("user_agent", "busy light");
    let (one, two) = (config.sign_in().unwrap().application().unwrap(), config.sign_in().unwrap().application().unwrap());
    assert_eq!(one, two);
    assert_eq!((&one["culture"], &one["userAgent"]), (&json!("de-DE"), &json!("busy light")));
    let (three, four) = (Config::of(&simulator).sign_in().unwrap(), Config::of(&simulator).sign_in().unwrap());
    assert_ne!(three.application().unwrap()["href"], four.application().unwrap()["href"]);
}

#[test]
fn an_incomplete_configuration() {
    let simulator = simulator();
    let failure = Config::new().sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_INVALID_CONFIG);
    assert!(failure.message.contains("sign_in_address"), "{}", failure.message);
    let failure = Config::of(&simulator).without("password").sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_AUTHENTICATION_FAILED);
    assert!(failure.message.contains("password") && failure.message.contains("access_token"), "{}", failure.message);
    let failure = Config::of(&simulator).with("auth", "token").sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_INVALID_CONFIG);
}
