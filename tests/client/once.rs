//! What changes something is done once, whatever is lost on the way; and what leads to the home server being looked for.

use crate::common::*;
use std::time::Duration;
use ucwa::ffi::*;
use ucwa_simulator::{Fault, Simulator};

const NAMED: &str = r#"{"displayName":"Night Shift"}"#;

/// How often groups were to be made.
fn posts(simulator: &Simulator) -> usize {
    routes(simulator).iter().filter(|route| *route == "POST myGroups").count()
}

fn applications(simulator: &Simulator) -> usize {
    routes(simulator).iter().filter(|route| *route == "POST applications").count()
}

/// The ways in which an answer is lost after the server has acted.
fn lost_answers() -> [Fault; 5] {
    let post = || Fault::on("myGroups").method("POST");
    [post().drop(), post().reset(), post().lose_answer(), post().truncate(0), post().truncate(10)]
}

#[test]
fn a_change_whose_answer_is_lost_is_not_made_again_on_another_pool() {
    for fault in lost_answers() {
        let simulator = simulator();
        let app = Config::by_name(&simulator).sign_in().unwrap();
        let kind = format!("{fault:?}");
        // Only discovery knows of the move.
        simulator.fault(fault.times(9));
        simulator.move_applications_host(Some("pool2.contoso.com"));
        simulator.clear_requests();
        let failure = app.request("POST", "people/myGroups", Some(NAMED)).unwrap_err();
        assert_eq!(failure.status, UCWA_NETWORK, "{kind}: {}", failure.message);
        assert_eq!((posts(&simulator), applications(&simulator)), (1, 0), "{kind}: {:?}", routes(&simulator));
        assert!(failure.message.contains("may have acted on it"), "{kind}: {}", failure.message);
        // What only reads goes on where the user is at home now.
        simulator.clear_faults();
        simulator.fault(Fault::on("contactPresence").host("lyncdiscoverinternal").drop().times(4));
        assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis", "{kind}");
        assert_eq!(posts(&simulator), 1);
    }
}

#[test]
fn a_change_is_not_made_again_after_another_thread_created_the_application_again() {
    let simulator = simulator();
    let app = App::on(&simulator);
    simulator.fault(Fault::on("myGroups").method("POST").hang());
    std::thread::scope(|scope| {
        let changing = scope.spawn(|| app.request("POST", "people/myGroups", Some(NAMED)));
        assert!(simulator.wait_until(Duration::from_secs(60), |simulator| posts(simulator) == 1));
        simulator.delete_applications();
        assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
        assert_eq!(applications(&simulator), 1);
        // The connection that hangs is lost.
        simulator.restart();
        let failure = changing.join().unwrap().unwrap_err();
        assert_eq!(failure.status, UCWA_NETWORK, "{}", failure.message);
    });
    assert_eq!(posts(&simulator), 1);
}

#[test]
fn a_change_that_was_made_is_not_made_again_when_reading_afterwards_fails() {
    let simulator = simulator();
    let app = Config::by_name(&simulator).sign_in().unwrap();
    app.groups().unwrap();
    // It is made, and read afterwards: the application is gone by then.
    let gone = r#"{"code":"Gone","subcode":"InactiveApplicationExpired"}"#;
    simulator.fault(Fault::on("myGroups").method("GET").skip(1).respond(410, gone));
    simulator.clear_requests();
    let failure = app.add_group("Night Shift").unwrap_err();
    assert_eq!((failure.status, posts(&simulator), applications(&simulator)), (UCWA_NOT_FOUND, 1, 0), "{}", failure.message);
    let groups = app.groups().unwrap();
    let named = groups["groups"].as_array().unwrap().iter().filter(|group| group["name"] == "Night Shift").count();
    assert_eq!(named, 1);
}

#[test]
fn a_change_that_was_turned_away_is_made_when_the_server_takes_it() {
    let simulator = simulator();
    let app = App::on(&simulator);
    for status in [429, 503] {
        simulator.clear_requests();
        simulator.fault(Fault::on("myGroups").method("POST").status(status).times(2));
        app.add_group(&format!("Shift {status}")).unwrap();
        assert_eq!(posts(&simulator), 3, "{status}");
    }
    simulator.clear_requests();
    app.groups().unwrap();
    simulator.fault(Fault::on("myGroups").method("POST").status(401));
    app.add_group("Night Shift").unwrap();
    assert_eq!(posts(&simulator), 2, "with another token");
    for status in [500, 502, 504] {
        simulator.clear_requests();
        simulator.fault(Fault::on("myGroups").method("POST").status(status));
        let failure = app.request("POST", "people/myGroups", Some(NAMED)).unwrap_err();
        assert_eq!((failure.json["httpStatus"].as_u64(), posts(&simulator)), (Some(status.into()), 1));
        assert!(failure.message.contains("may have acted on it"), "{}", failure.message);
    }
}

#[test]
fn a_change_needed_by_a_new_application_is_made_there() {
    let simulator = simulator();
    let app = App::on(&simulator);
    simulator.delete_applications();
    app.add_group("Night Shift").unwrap();
    assert_eq!((posts(&simulator), applications(&simulator)), (1, 1), "the first attempt found no application");
}

#[test]
fn a_deletion_whose_answer_is_lost_is_done() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.add_group("Night Shift").unwrap();
    simulator.clear_requests();
    simulator.fault(Fault::on("group").method("DELETE").lose_answer());
    app.remove_group("Night Shift").unwrap();
    let deletions = routes(&simulator).iter().filter(|route| *route == "DELETE group").count();
    assert_eq!(deletions, 2, "asked twice, and found done the second time: {:?}", routes(&simulator));
    assert_eq!(app.remove_group("Night Shift").unwrap_err().status, UCWA_NOT_FOUND);
}

#[test]
fn an_application_whose_end_is_told_without_words() {
    let xml = r#"<?xml version="1.0" encoding="utf-8"?><reason xmlns="http://schemas.microsoft.com/rtc/2012/03/ucwa"><code>NotFound</code><subcode>ApplicationNotFound</subcode></reason>"#;
    let answers: [(&str, Option<&str>); 3] =
        [("", None), (xml, Some("application/vnd.microsoft.com.ucwa+xml; charset=utf-8")), (xml, Some("text/xml"))];
    let simulator = simulator();
    let app = App::on(&simulator);
    for (body, media_type) in answers {
        app.presence(SARA).unwrap();
        let answer = |route: &str| {
            let fault = Fault::on(route).method("GET").respond(404, body);
            media_type.map_or(fault.clone(), |media_type| fault.header("Content-Type", media_type))
        };
        simulator.fault(answer("contactPresence"));
        simulator.fault(answer("application"));
        simulator.clear_requests();
        assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis", "{body}");
        assert_eq!((simulator.count("application"), applications(&simulator)), (1, 1), "it was asked for first: {:?}", routes(&simulator));
        simulator.clear_faults();
        // It is something else that is missing.
        simulator.fault(answer("contactPresence").forever());
        simulator.clear_requests();
        assert_eq!(app.presence(SARA).unwrap_err().status, UCWA_NOT_FOUND);
        assert_eq!((simulator.count("application"), applications(&simulator)), (1, 0), "{:?}", routes(&simulator));
        simulator.clear_faults();
    }
}

#[test]
fn an_error_in_xml_keeps_the_meaning_of_its_status() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.set("max_retries", "0").unwrap();
    let xml = "<reason xmlns=\"http://schemas.microsoft.com/rtc/2012/03/ucwa\"><code>Some</code><subcode>Thing</subcode><message>It &amp; that</message></reason>";
    for (status, meaning) in [
        (400, UCWA_INVALID_ARGUMENT),
        (403, UCWA_FORBIDDEN),
        (404, UCWA_NOT_FOUND),
        (409, UCWA_CONFLICT),
        (410, UCWA_NOT_FOUND),
        (412, UCWA_CONFLICT),
        (429, UCWA_THROTTLED),
        (500, UCWA_SERVER_ERROR),
        (504, UCWA_TIMEOUT),
    ] {
        simulator
            .fault(Fault::on("myGroups").respond(status, xml).header("Content-Type", "application/vnd.microsoft.com.ucwa+xml").forever());
        let failure = app.groups().unwrap_err();
        assert_eq!(failure.status, meaning, "{status}: {}", failure.message);
        assert_eq!((&failure.json["code"], &failure.json["subcode"]), (&"Some".into(), &"Thing".into()), "{status}");
        assert!(failure.message.contains("It & that"), "{}", failure.message);
        simulator.clear_faults();
    }
}

#[test]
fn only_what_keeps_the_server_from_answering_leads_to_discovery() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    app.set("max_retries", "0").unwrap();
    let on = || Fault::on("contactPresence");
    for (fault, searched) in [
        (on().drop(), 1),
        (on().reset(), 1),
        (on().truncate(3), 1),
        (on().status(502), 1),
        (on().status(403), 0),
        (on().status(404), 0),
        (on().status(500), 0),
        (on().status(503), 0),
        (on().status(504), 0),
        (on().html_page(200), 0),
    ] {
        let kind = format!("{fault:?}");
        simulator.fault(fault.forever());
        simulator.clear_requests();
        app.presence(SARA).unwrap_err();
        assert_eq!(simulator.count("root"), searched, "{kind}: {:?}", routes(&simulator));
        simulator.clear_faults();
    }
}

#[test]
fn a_pool_that_goes_silent_is_left_for_the_one_that_discovery_names() {
    let simulator = simulator();
    let app = Config::by_name(&simulator).with("timeout_ms", "30000").sign_in().unwrap();
    app.presence(SARA).unwrap();
    let home = app.application().unwrap()["href"].as_str().unwrap().to_owned();
    let host = home.split('/').nth(2).unwrap().split(':').next().unwrap().to_owned();
    assert_ne!(host, "pool2.contoso.com");
    simulator.move_applications_host(Some("pool2.contoso.com"));
    simulator.fault(Fault::on("contactPresence").host(&host).hang().forever());
    simulator.clear_requests();
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
    assert!(app.application().unwrap()["href"].as_str().unwrap().contains("pool2.contoso.com"));
    let asked = |simulator: &Simulator| {
        simulator.requests().iter().filter(|request| request.host.starts_with(&host) && request.route == "contactPresence").count()
    };
    assert_eq!(asked(&simulator), 1);
    app.presence(SARA).unwrap();
    assert_eq!(asked(&simulator), 1, "nothing of the next ones");
}

#[test]
fn a_slow_server_that_is_the_only_one_is_waited_for() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    // Longer than a server may be silent where there is another, which is two seconds here.
    simulator.fault(Fault::on("contactPresence").delay(3_000).forever());
    simulator.clear_requests();
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
    assert_eq!((simulator.count("contactPresence"), simulator.count("root"), applications(&simulator)), (2, 1, 0));
}

#[test]
fn a_server_s_own_words_stand_beside_a_wait_that_is_too_long() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    let body = r#"{"code":"ServiceUnavailable","subcode":"Migrating","message":"Back on Monday."}"#;
    simulator.fault(Fault::on("contactPresence").respond(503, body).header("Retry-After", "86400"));
    let failure = app.presence(SARA).unwrap_err();
    assert_eq!((failure.status, failure.json["httpStatus"].as_u64()), (UCWA_THROTTLED, Some(503)), "{}", failure.message);
    assert!(failure.message.contains("503") && failure.message.contains("Back on Monday."), "{}", failure.message);
    assert_eq!(failure.json["subcode"], "Migrating");
    // No wait at all is not too long.
    app.set("max_retries", "0").unwrap();
    simulator.fault(Fault::on("contactPresence").status(503).header("Retry-After", "0"));
    let failure = app.presence(SARA).unwrap_err();
    assert_eq!(failure.status, UCWA_SERVER_ERROR, "{}", failure.message);
    assert!(!failure.message.contains("longer"), "{}", failure.message);
}
