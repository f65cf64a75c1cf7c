//! From discovery to an application, and how both can end.

mod common;

use std::time::Duration;

use common::{Client, agent, header, json, plain};
use serde_json::json;
use ucwa_simulator::Simulator;

const USER: &str = "/Autodiscover/AutodiscoverService.svc/root/oauth/user";

#[test]
fn the_way_in() {
    let simulator = Simulator::start().unwrap();
    let agent = agent(&simulator);
    let root = json(&plain(&agent, simulator.url(), &[]).unwrap());
    let user = root["_links"]["user"]["href"].as_str().unwrap();
    assert!(user.starts_with(simulator.url()) && user.ends_with(USER), "{user}");

    let challenged = plain(&agent, user, &[]).unwrap();
    assert_eq!((challenged.status().as_u16(), header(&challenged, "content-type")), (401, "text/html"));
    let challenges: Vec<_> = challenged.headers().get_all("www-authenticate").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(challenges.len(), 2);
    assert!(challenges[0].starts_with("Bearer trusted_issuers=\""));
    let service = format!("MsRtcOAuth href=\"{}WebTicket/oauthtoken\",grant_type=\"urn:microsoft.rtc:windows,password\"", simulator.url());
    assert_eq!(challenges[1], service);

    let client = Client::sign_in(&simulator);
    assert!(client.token.starts_with("cwt="));
    let user = json(&client.get(USER).unwrap());
    assert_eq!(user["_links"]["applications"]["href"], format!("{}ucwa/oauth/v1/applications", simulator.url()));
    let application = client.read("");
    assert_eq!(application["rel"], "application");
    assert_eq!(application["_embedded"]["me"]["uri"], simulator.sign_in_address());
    let routes: Vec<_> = simulator.requests().into_iter().map(|record| (record.route, record.status, record.token)).collect();
    let expected = [
        ("root", 200, false),
        ("user", 401, false),
        ("token", 200, false),
        ("applications", 201, true),
        ("user", 200, true),
        ("application", 200, true),
    ];
    assert_eq!(routes, expected.map(|(route, status, token)| (route.to_owned(), status, token)));
    assert_eq!(simulator.connections(), 2);
}

#[test]
fn credentials_are_checked_and_never_shown() {
    let simulator = Simulator::builder().password("p&+=%ä").start().unwrap();
    let agent = agent(&simulator);
    let grant = |fields: &[(&str, &str)]| {
        let (head, mut body) =
            agent.post(format!("{}WebTicket/oauthtoken", simulator.url())).send_form(fields.iter().copied()).unwrap().into_parts();
        (head.status.as_u16(), body.read_json::<serde_json::Value>().unwrap_or_default())
    };
    for name in ["lenea@contoso.com", "SIP:LeneA@contoso.com", "CONTOSO\\LENEA"] {
        let (status, body) = grant(&[("grant_type", "password"), ("username", name), ("password", "p&+=%ä")]);
        assert_eq!((status, &body["expires_in"]), (200, &json!(28_799)), "{name}");
    }
    let refused = [
        (vec![("grant_type", "password"), ("username", "lenea@contoso.com"), ("password", "wrong")], "invalid_grant"),
        (vec![("grant_type", "password"), ("username", "lenea@contoso.com")], "invalid_request"),
        (vec![("grant_type", "urn:microsoft.rtc:anonmeeting")], "unsupported_grant_type"),
        (vec![], "invalid_request"),
    ];
    for (fields, error) in refused {
        let (status, body) = grant(&fields);
        assert_eq!((status, &body["error"]), (400, &json!(error)), "{fields:?}");
    }
    simulator.set_password("new");
    assert_eq!(grant(&[("grant_type", "password"), ("username", "lenea@contoso.com"), ("password", "p&+=%ä")]).0, 400);

    let client_token = simulator.issue_token("localhost");
    plain(&agent, &format!("{}ucwa/", simulator.url()), &[("Authorization", &format!("Bearer {client_token}"))]).unwrap();
    let shown = format!("{:?}", simulator.requests());
    assert!(!shown.contains("p%26") && !shown.contains("cwt="), "{shown}");
}

#[test]
fn passive_sign_in_names_the_page_to_go_to() {
    let simulator = Simulator::builder().passive("https://adfs.contoso.com/ls").start().unwrap();
    let reply =
        agent(&simulator).post(format!("{}WebTicket/oauthtoken", simulator.url())).send_form([("grant_type", "urn:microsoft.rtc:passive")]);
    let mut reply = reply.unwrap();
    assert_eq!(reply.status(), 400);
    let body: serde_json::Value = reply.body_mut().read_json().unwrap();
    assert_eq!(body, json!({"error": "invalid_grant", "ms_rtc_passiveauthuri": "https://adfs.contoso.com/ls"}));
}

#[test]
fn plain_http_from_elsewhere_only_leads_to_https() {
    let simulator = Simulator::start().unwrap();
    let agent = agent(&simulator);
    let elsewhere = [("Host", "lyncdiscover.contoso.com")];
    let root = json(&plain(&agent, simulator.http_url(), &elsewhere).unwrap());
    let expected = "https://lyncdiscover.contoso.com/Autodiscover/AutodiscoverService.svc/root";
    assert_eq!(root, json!({"_links": {"redirect": {"href": expected}}}));
    let user = plain(&agent, &format!("{}{}", simulator.http_url(), &USER[1..]), &elsewhere).unwrap();
    assert_eq!(user.status(), 403);
    // On loopback everything is served.
    let client = Client::sign_in_at(&simulator, simulator.http_url().trim_end_matches('/'));
    assert_eq!(client.sara().unwrap().status(), 200);
}

#[test]
fn discovery_in_its_older_shape() {
    let simulator = Simulator::builder().legacy_discovery(true).unquoted_challenge(true).start().unwrap();
    let agent = agent(&simulator);
    let root = json(&plain(&agent, &format!("{}?sipuri=sip:lenea@contoso.com", simulator.url()), &[]).unwrap());
    let user = root["Root"]["Links"].as_array().unwrap().iter().find(|link| link["token"] == "User").unwrap()["href"].as_str().unwrap();
    assert!(user.ends_with("/oauth/user?originalDomain=contoso.com"), "{user}");
    let encoded = json(&plain(&agent, &format!("{}?sipuri=sip%3Alenea%40contoso.com", simulator.url()), &[]).unwrap());
    assert_eq!(encoded, root);
    let challenged = plain(&agent, user, &[]).unwrap();
    let challenge = challenged.headers().get_all("www-authenticate").iter().nth(1).unwrap().to_str().unwrap();
    assert!(challenge.contains("href=https://localhost") && challenge.contains("oauthtoken,grant_type="), "{challenge}");
    let client = Client::sign_in(&simulator);
    let user = json(&client.get(USER).unwrap());
    assert!(user["User"]["Links"].as_array().unwrap().iter().any(|link| link["token"] == "Ucwa"));
}

#[test]
fn a_token_is_good_at_one_host_for_a_time() {
    let simulator = Simulator::builder().applications_host("pool1.contoso.com").start().unwrap();
    let agent = agent(&simulator);
    let token = format!("Bearer {}", simulator.issue_token("LOCALHOST:1"));
    let user = format!("{}{}", simulator.url(), &USER[1..]);
    let home = json(&plain(&agent, &user, &[("Authorization", &token)]).unwrap());
    let port = simulator.https_address().port();
    assert_eq!(home["_links"]["applications"]["href"], format!("https://pool1.contoso.com:{port}/ucwa/oauth/v1/applications"));
    let applications = format!("{}ucwa/oauth/v1/applications", simulator.url());
    let at_the_pool = plain(&agent, &applications, &[("Authorization", &token), ("Host", "pool1.contoso.com")]).unwrap();
    assert_eq!(at_the_pool.status(), 401);

    simulator.advance(Duration::from_secs(28_800));
    assert_eq!(plain(&agent, &user, &[("Authorization", &token)]).unwrap().status(), 401);
    simulator.forbid_expired(true);
    let forbidden = plain(&agent, &user, &[("Authorization", &token)]).unwrap();
    assert_eq!(forbidden.status(), 403);
    assert!(header(&forbidden, "x-ms-diagnostics").starts_with("28055;source="));
    assert!(forbidden.headers().contains_key("www-authenticate"));
}

#[test]
fn applications_come_and_go() {
    let simulator = Simulator::builder().application_lifetime(Some(Duration::from_secs(900))).start().unwrap();
    let mut client = Client::sign_in(&simulator);
    let first = client.application.clone();
    let again = client.register();
    assert_eq!((again.status().as_u16(), &client.application), (201, &first));

    let etag = client.read("")["etag"].as_str().unwrap().to_owned();
    assert_eq!(client.get_with(&first, &[("If-None-Match", &format!("\"{etag}\""))]).unwrap().status(), 304);
    let newer = client.get_with(&first, &[("X-MS-RequiresMinResourceVersion", "7")]).unwrap();
    assert_eq!((newer.status().as_u16(), &json(&newer)["subcode"]), (404, &json!("APIVersionNotSupported")));
    let missing = client.post("/ucwa/oauth/v1/applications", &json!({"userAgent": "a", "endpointId": "b"})).unwrap();
    assert_eq!((missing.status().as_u16(), &json(&missing)["subcode"]), (400, &json!("ParameterValidationFailure")));

    let ended = |client: &Client| {
        let reply = client.sara().unwrap();
        (reply.status().as_u16(), json(&reply)["subcode"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(client.delete(&first).unwrap().status(), 204);
    assert_eq!(ended(&client), (404, "ApplicationNotFound".into()));
    client.register();
    assert_ne!(client.application, first);
    simulator.expire_applications();
    assert_eq!(ended(&client), (410, "InactiveApplicationExpired".into()));
    client.register();
    simulator.delete_applications();
    assert_eq!(ended(&client), (404, "ApplicationNotFound".into()));
    client.register();
    simulator.advance(Duration::from_secs(899));
    assert_eq!(client.sara().unwrap().status(), 200);
    simulator.advance(Duration::from_secs(900));
    assert_eq!(ended(&client), (404, "ApplicationNotFound".into()));

    simulator.move_applications_host(Some("pool2.contoso.com"));
    let body = json!({"userAgent": "a", "endpointId": "b", "culture": "c"});
    assert_eq!(client.post("/ucwa/oauth/v1/applications", &body).unwrap().status(), 403);
}
