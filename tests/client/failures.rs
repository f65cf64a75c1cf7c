//! What the answers of servers and of what stands before them mean, and what failures tell.

use crate::common::*;
use ucwa::ffi::*;
use ucwa_simulator::Fault;

const MEANINGS: [(u16, i32); 18] = [
    (400, UCWA_INVALID_ARGUMENT),
    (401, UCWA_AUTHENTICATION_FAILED),
    (403, UCWA_FORBIDDEN),
    (404, UCWA_NOT_FOUND),
    (405, UCWA_PROTOCOL),
    (406, UCWA_PROTOCOL),
    (408, UCWA_TIMEOUT),
    (409, UCWA_CONFLICT),
    (410, UCWA_NOT_FOUND),
    (412, UCWA_CONFLICT),
    (413, UCWA_PROTOCOL),
    (415, UCWA_PROTOCOL),
    (428, UCWA_CONFLICT),
    (429, UCWA_THROTTLED),
    (500, UCWA_SERVER_ERROR),
    (502, UCWA_SERVER_ERROR),
    (503, UCWA_SERVER_ERROR),
    (504, UCWA_TIMEOUT),
];

#[test]
fn what_each_http_status_means() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.set("max_retries", "0").unwrap();
    for (http, meaning) in MEANINGS {
        for fault in [Fault::on("myGroups").status(http), Fault::on("myGroups").respond(http, "")] {
            simulator.fault(fault.forever());
            let failure = app.groups().unwrap_err();
            assert_eq!((failure.status, failure.json["httpStatus"].as_u64()), (meaning, Some(u64::from(http))), "{}", failure.message);
            assert!(failure.message.contains(&http.to_string()) && failure.request().starts_with("GET https://"), "{failure:?}");
            simulator.clear_faults();
        }
    }
}

/// What a proxy's page must be told as, and of which request.
fn is_told(failure: Failure, request: &str) {
    assert_eq!((failure.status, failure.json["httpStatus"].as_u64()), (UCWA_PROTOCOL, Some(200)), "{request}: {}", failure.message);
    for part in ["text/html", "proxy.contoso.com", request] {
        assert!(failure.message.contains(part), "{request}: no {part} in {}", failure.message);
    }
    assert!(failure.request().starts_with(request), "{failure:?}");
}

#[test]
fn a_proxy_s_page_at_each_step_of_signing_in() {
    let simulator = simulator();
    for (route, request) in
        [("root", "GET https://"), ("user", "GET https://"), ("token", "POST https://"), ("applications", "POST https://")]
    {
        simulator.fault(Fault::on(route).html_page(200));
        is_told(Config::of(&simulator).sign_in().err().unwrap(), request);
        simulator.clear_faults();
    }
    let app = App::on(&simulator);
    let config = Config::of(&simulator).with("application_url", app.application().unwrap()["href"].as_str().unwrap());
    simulator.fault(Fault::on("application").html_page(200));
    is_told(config.sign_in().err().unwrap(), "GET https://");
}

#[test]
fn a_proxy_s_page_in_place_of_each_answer() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.make_me_available(None).unwrap();
    app.contacts().unwrap();
    app.group_presence("Sales").unwrap();
    let reads: [(&str, &dyn Fn() -> Option<Failure>); 11] = [
        ("contactPresence", &|| app.presence(SARA).err()),
        ("myContacts", &|| app.contacts().err()),
        ("myGroups", &|| app.groups().err()),
        ("groupContacts", &|| app.group_contacts("Sales").err()),
        ("search", &|| app.search("sara", 0).err()),
        ("contact", &|| app.contact(SARA).err()),
        ("contactNote", &|| app.facet("note", SARA).err()),
        ("contactPhoto", &|| app.photo(Some(SARA), None).err()),
        ("me", &|| app.me().err()),
        ("phones", &|| app.mine("phones").err()),
        ("people/myGroups", &|| app.navigate("people/myGroups").err()),
    ];
    for (route, call) in reads {
        simulator.fault(Fault::on(route.rsplit('/').next().unwrap()).html_page(200));
        is_told(call().unwrap_or_else(|| panic!("{route}: no failure")), "GET https://");
        simulator.clear_faults();
    }
    let acts: [(&str, &dyn Fn() -> Option<Failure>); 6] = [
        ("presence", &|| app.set_mine("presence", Some("Busy")).err()),
        ("note", &|| app.set_mine("note", Some("Lift 3")).err()),
        ("reportMyActivity", &|| app.report_my_activity().err()),
        ("myGroupMemberships", &|| app.add_contact("ChrisB@contoso.com", Some("Sales")).err()),
        ("myGroups", &|| app.add_group("Night Shift").err()),
        ("contactPrivacyRelationship", &|| app.set_privacy(SARA, "Blocked").err()),
    ];
    for (route, call) in acts {
        let method = if route == "contactPrivacyRelationship" { "PUT" } else { "POST" };
        simulator.fault(Fault::on(route).method(method).html_page(200));
        is_told(call().unwrap_or_else(|| panic!("{route}: no failure")), &format!("{method} https://"));
        simulator.clear_faults();
    }
}

#[test]
fn a_compressed_answer_is_bounded_by_what_it_unpacks_to() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.contacts().unwrap();
    let huge = "a".repeat(33 << 20);
    assert!(simulator.set_presence(SARA, serde_json::json!({ "activity": huge })));
    let failure = app.presence(SARA).unwrap_err();
    assert_eq!(failure.status, UCWA_PROTOCOL, "{}", failure.message);
    assert!(failure.message.contains("32 MiB") && failure.request().ends_with("/presence"), "{}", failure.message);
}
