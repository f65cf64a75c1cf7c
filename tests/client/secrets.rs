//! What a server repeats of a secret shows nowhere, however it is spelt; and what a server writes forges no line.

use crate::common::*;
use serde_json::json;
use std::ffi::{CStr, c_char, c_void};
use std::sync::Mutex;
use ucwa::ffi::*;
use ucwa_simulator::{Fault, Simulator};

/// One log for the process: tests that read it take turns.
static TURN: Mutex<()> = Mutex::new(());
static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

extern "C" fn gather(_level: i32, target: *const c_char, message: *const c_char, _user_data: *mut c_void) {
    // SAFETY: both end with NUL and are lent for the call.
    let (target, message) = unsafe { (CStr::from_ptr(target), CStr::from_ptr(message)) };
    LINES.lock().unwrap().push(format!("{} {}", target.to_str().unwrap(), message.to_str().unwrap()));
}

/// What the library logs at the most detailed level meanwhile, other tests' lines included.
pub fn logged(work: impl FnOnce()) -> Vec<String> {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    LINES.lock().unwrap().clear();
    // SAFETY: the callback takes any data.
    assert_eq!(unsafe { ucwa_set_log_callback(UCWA_LOG_TRACE, Some(gather), std::ptr::null_mut()) }, UCWA_OK);
    work();
    // SAFETY: as above.
    unsafe { ucwa_set_log_callback(0, None, std::ptr::null_mut()) };
    std::mem::take(&mut LINES.lock().unwrap())
}

const PASSWORD: &str = "S3cret&pass+w\"rd=%/";

/// As different servers write it.
fn spellings() -> Vec<(&'static str, String)> {
    let hexadecimal = |form: fn(u8) -> String| PASSWORD.bytes().map(form).collect::<String>();
    vec![
        ("raw", PASSWORD.into()),
        ("form", url::form_urlencoded::byte_serialize(PASSWORD.as_bytes()).collect()),
        ("percent", hexadecimal(|byte| format!("%{byte:02x}"))),
        ("twice", hexadecimal(|byte| format!("%25{byte:02X}"))),
        ("json", hexadecimal(|byte| format!("\\u{byte:04x}"))),
        ("html", PASSWORD.replace('&', "&amp;").replace('"', "&#34;")),
        ("base64", "bGVuZWE6UzNjcmV0JnBhc3MrdyJyZD0lLw==".into()),
    ]
}

/// What would show that it did not go well: any part that is left whole.
fn shows(text: &str) -> bool {
    let text = text.to_lowercase();
    ["s3cret", "3cret%26", "pass+w", "pass%2bw", "%53%33", "%2553", "\\u0053", "s3cret&amp", "uznjcmv0"]
        .iter()
        .any(|part| text.contains(part))
}

fn hides(failure: &Failure, of: &str) {
    assert!(!shows(&failure.message) && !shows(&failure.json.to_string()), "{of}: {failure:?}");
    assert!(failure.message.len() <= 4096, "{of}");
}

/// A config whose password the service refuses while it repeats it.
fn refused(simulator: &Simulator, fault: Fault) -> [Failure; 2] {
    simulator.clear_faults();
    simulator.fault(fault.forever());
    let config = Config::of(simulator).with("password", PASSWORD);
    [config.sign_in().err().unwrap(), config.sign_in().err().unwrap()]
}

#[test]
fn a_token_service_that_repeats_the_password() {
    let simulator = simulator();
    let lines = logged(|| {
        for (spelling, spelt) in spellings() {
            for member in ["error", "error_description", "ms_rtc_passiveauthuri"] {
                let mut body = json!({"error": "invalid_grant", "error_description": "no"});
                body[member] = format!("https://login.contoso.com/?p={spelt}").into();
                for failure in refused(&simulator, Fault::on("token").respond(400, body.to_string())) {
                    hides(&failure, &format!("{spelling} in {member}"));
                    assert!(failure.message.contains("[hidden]"), "{spelling} in {member}: {}", failure.message);
                }
            }
            for header in ["x-ms-diagnostics", "x-ms-server-fqdn"] {
                let fault = Fault::on("token")
                    .respond(400, "{\"error\":\"invalid_grant\"}")
                    .header(header, &format!("28000;reason=\"{spelt} is wrong\""));
                for failure in refused(&simulator, fault) {
                    hides(&failure, &format!("{spelling} in {header}"));
                    assert_eq!(failure.json["code"], "invalid_grant");
                }
            }
            let page = Fault::on("token")
                .respond(500, format!("<html><body>{spelt} <b>is</b> wrong</body></html>"))
                .header("Content-Type", "text/html");
            for failure in refused(&simulator, page) {
                hides(&failure, &format!("{spelling} in a page"));
                assert!(failure.message.contains("is wrong"), "{}", failure.message);
            }
        }
    });
    assert!(lines.iter().all(|line| !shows(line)), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("oauthtoken")), "there are lines");
}

#[test]
fn a_server_that_repeats_password_and_tokens() {
    let simulator = simulator();
    simulator.set_password(PASSWORD);
    let app = Config::of(&simulator).with("password", PASSWORD).sign_in().unwrap();
    app.presence(SARA).unwrap();
    simulator.expire_tokens();
    app.presence(SARA).unwrap();
    let mut tokens: Vec<String> = simulator
        .requests()
        .into_iter()
        .flat_map(|request| request.headers)
        .filter(|(name, _)| name == "authorization")
        .map(|(_, value)| value.strip_prefix("Bearer ").unwrap().to_owned())
        .collect();
    tokens.dedup();
    assert!(tokens.len() > 1, "a former and a current one");
    let other = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlc2lnbmF0dXJl".to_owned();
    let lines = logged(|| {
        for secret in tokens.iter().chain([&other, &PASSWORD.to_owned()]) {
            let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            for spelt in [secret, &form] {
                let body = json!({
                    "code": format!("ServiceFailure {spelt}"), "subcode": spelt, "message": format!("{spelt} was bad"),
                    "parameters": [{"name": spelt, "reason": spelt}], "link": {"href": format!("/x?t={spelt}")}, "debugInfo": {spelt.as_str(): spelt},
                });
                simulator.clear_faults();
                simulator.fault(Fault::on("contactPresence").respond(500, body.to_string()).header("x-ms-diagnostics", spelt).forever());
                let failure = app.presence(SARA).unwrap_err();
                let said = format!("{failure:?}");
                assert!(!said.contains(spelt.as_str()) && !said.contains(&secret[..20.min(secret.len())]), "{spelt} in {said}");
                assert_eq!(failure.status, UCWA_SERVER_ERROR);
                // In an address.
                simulator.clear_faults();
                simulator.fault(Fault::on("contactPresence").respond(302, "").header("Location", &format!("/login?x={form}")).forever());
                let said = format!("{:?}", app.presence(SARA).unwrap_err());
                assert!(!said.contains(&form), "{said}");
            }
        }
    });
    for secret in tokens.iter().chain([&other]) {
        assert!(lines.iter().all(|line| !line.contains(secret.as_str()) && !shows(line)), "{lines:?}");
    }
}

#[test]
fn results_are_untouched() {
    let simulator = simulator();
    // As somebody's name and state: results are the server's, whatever the password is.
    for password in ["Sara Davis", "Busy", "contoso"] {
        simulator.set_password(password);
        simulator.set_presence(SARA, json!({"availability": "Busy"}));
        let app = Config::of(&simulator).with("password", password).sign_in().unwrap();
        let presence = app.presence(SARA).unwrap();
        assert_eq!((&presence["name"], &presence["availability"], &presence["uri"]), (&json!("Sara Davis"), &json!("Busy"), &json!(SARA)));
        assert!(app.contacts().unwrap().to_string().contains("Sara Davis"));
        assert!(app.navigate("people/myContacts").unwrap().to_string().contains("Sara Davis"));
        assert_eq!(app.search("Sara", 5).unwrap()["contacts"][0]["name"], "Sara Davis");
    }
}

#[test]
fn a_short_password_withholds_what_repeats_it() {
    let simulator = simulator();
    simulator.fault(
        Fault::on("token")
            .respond(400, r#"{"error":"invalid_grant","error_description":"q7#x is wrong for lenea"}"#)
            .header("x-ms-diagnostics", "1;q7%23x")
            .forever(),
    );
    let config = Config::of(&simulator).with("password", "q7#x");
    for failure in [config.sign_in().err().unwrap(), config.sign_in().err().unwrap()] {
        assert!(failure.message.contains("[withheld") && !failure.message.contains("lenea"), "{}", failure.message);
        assert!(failure.json["diagnostics"].as_str().unwrap().starts_with("[withheld"), "{failure:?}");
        assert_eq!(failure.json["code"], "invalid_grant");
        assert!(!failure.json.to_string().contains("q7"), "{failure:?}");
    }
    // It is no matter of another application's.
    simulator.clear_faults();
    simulator.fault(Fault::on("token").respond(400, r#"{"error":"invalid_grant","error_description":"q7#x is wrong for lenea"}"#));
    let failure = Config::of(&simulator).with("password", "another one").sign_in().err().unwrap();
    assert!(failure.message.contains("q7#x is wrong for lenea"), "{}", failure.message);
}

#[test]
fn a_password_within_a_code_changes_no_decision() {
    let simulator = simulator();
    simulator.set_password("Application");
    let app = Config::of(&simulator).with("password", "Application").sign_in().unwrap();
    app.presence(SARA).unwrap();
    simulator.delete_applications();
    app.presence(SARA).unwrap();
}

#[test]
fn servers_forge_no_line() {
    let simulator = simulator();
    let forged = "x\nucwa::sign_in signed in\r\u{1b}[2J\u{1b}]0;title\u{7}\u{202e}gpj\u{2028}y\u{9b}31m";
    let app = Config::of(&simulator).with("max_retries", "0").sign_in().unwrap();
    let body = json!({"code": forged, "subcode": forged, "message": forged, "debugInfo": {"a": forged}});
    let acts = |text: &str| text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{202e}'));
    let lines = logged(|| {
        // The list cannot be read, which is logged, and the search goes on.
        simulator.fault(Fault::on("myContacts").respond(500, body.to_string()).forever());
        let _ = app.presence("sip:nobody.there@contoso.com");
        simulator.fault(Fault::on("search").respond(500, body.to_string()).forever());
        let failure = app.presence("sip:nobody.else@contoso.com").unwrap_err();
        assert!(!acts(&failure.message) && failure.message.contains("x\\nucwa::sign_in"), "{}", failure.message);
        for member in ["code", "subcode"] {
            assert!(!acts(failure.json[member].as_str().unwrap()), "{failure:?}");
        }
        assert!(!acts(failure.json["debugInfo"]["a"].as_str().unwrap()), "{failure:?}");
    });
    assert!(lines.iter().any(|line| line.contains("signed in\\r\\u{1b}[2J")), "it is logged: {lines:?}");
    assert!(lines.iter().all(|line| !acts(line)), "{lines:?}");
}

#[test]
fn megabytes_become_a_line() {
    let simulator = simulator();
    let app = Config::of(&simulator).with("max_retries", "0").sign_in().unwrap();
    app.presence(SARA).unwrap();
    let huge = "ab \u{202e}\n".repeat(700_000);
    let lines = logged(|| {
        for (kind, body) in [
            ("application/json", json!({"code": huge, "message": huge, "debugInfo": huge}).to_string()),
            ("text/html", huge.clone()),
            ("application/json", huge.clone()),
        ] {
            for status in [200, 403, 500] {
                if status == 200 && body.starts_with('{') {
                    // A result, which is nobody's to shorten.
                    continue;
                }
                simulator.clear_faults();
                simulator.fault(Fault::on("contactPresence").respond(status, body.clone()).header("Content-Type", kind).forever());
                let failure = app.presence(SARA).unwrap_err();
                assert!(
                    failure.message.len() <= 4096 && failure.json.to_string().len() < 20_000,
                    "{kind} {status}: {}",
                    failure.message.len()
                );
            }
        }
        simulator.clear_faults();
        let href = format!("/ucwa/{}", "a".repeat(5 << 20));
        let contact = json!({"_embedded": {"contact": [{"uri": "sip:a@contoso.com", "_links": {"contactPresence": {"href": href}}}]}});
        simulator.fault(Fault::on("myContacts").respond(200, contact.to_string()));
        let fresh = Config::of(&simulator).with("max_retries", "0").sign_in().unwrap();
        let failure = fresh.presence("sip:a@contoso.com").unwrap_err();
        assert!(failure.message.len() <= 4096 && failure.request().len() <= 600, "{}", failure.message.len());
    });
    assert!(lines.iter().all(|line| line.len() < 4200), "{:?}", lines.iter().map(String::len).max());
}
