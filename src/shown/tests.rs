use super::*;
use crate::secret::{Kind, Known, Secret};
use std::sync::Arc;

fn knowing(secrets: &[&str]) -> Arc<Known> {
    let known = Arc::<Known>::default();
    for secret in secrets {
        known.remember(Kind::Given, &Secret::new((*secret).to_owned()));
    }
    known
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

#[test]
fn what_terminals_act_on_is_written_out() {
    let forged =
        "a\nucwa signed in\r\u{1b}[2J\u{7}\u{9b}1m\u{202e}gpj.\u{2066}x\u{200f}\u{61c}\u{2028}\u{2029}\t\0 \u{1f469}\u{200d}\u{1f52c} ä";
    let shown = "a\\nucwa signed in\\r\\u{1b}[2J\\u{7}\\u{9b}1m\\u{202e}gpj.\\u{2066}x\\u{200f}\\u{61c}\\u{2028}\\u{2029}\\t\\u{0} \u{1f469}\u{200d}\u{1f52c} ä";
    assert_eq!(excerpt(forged), shown);
    assert_eq!(Shown::message(forged).as_str(), shown);
    assert_eq!(Line(format_args!("{forged}")).to_string(), shown);
    assert_eq!(excerpt(shown), shown, "once");
}

#[test]
fn everything_is_bounded() {
    let huge = "ab \n\u{202e}".repeat(1 << 20);
    assert!(excerpt(&huge).chars().count() <= 201);
    assert!(excerpt_of_body(huge.as_bytes()).chars().count() <= 201);
    assert!(excerpt_of_body(&[0xff; 5 << 20]).chars().count() <= 201);
    assert!(Shown::message(&huge).as_str().len() <= 4096);
    assert!(Line(format_args!("{huge} {huge}")).to_string().len() <= 4096);
    let address = format!("https://host/{}", "a".repeat(5 << 20));
    let line = Line(format_args!("GET {address}: 200")).to_string();
    assert!(line.starts_with("GET https://host/aaa") && line.len() < 600, "{}", line.len());
    assert_eq!(Line(format_args!("GET {}: 200", &address[..300])).to_string(), format!("GET {}: 200", &address[..300]));
    assert_eq!(json(&raw(&format!("[\"{}\"]", "a".repeat(3000)))).unwrap().get(), "\"[left out: 3004 bytes]\"");
}

#[test]
fn a_secret_at_the_end_of_what_is_shown_is_no_secret_in_part() {
    let secret = "Pa$$w0rd-of-lenea & others";
    let _known = knowing(&[secret]);
    let encoded: String = secret.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    for most in [200, 4096, 8000] {
        for spelt in [secret, &encoded] {
            for before in (most * 2 - 200)..(most * 2 + 700) {
                let text = format!("{}{spelt}{}", "x ".repeat(before / 2), " y".repeat(9_000));
                assert!(!without_secrets(&text, most, true).contains("Pa"), "{most} {before}");
                assert!(!without_secrets(&text, most, true).contains("\\u00"), "{most} {before}");
            }
        }
    }
    let text = format!("{}{secret}", "x".repeat(190));
    assert!(!excerpt(&text).contains('P'));
}

#[test]
fn json_stays_json() {
    let _known = knowing(&["Pa$$ \"w0rd", "12345678"]);
    for (text, shown) in [
        (
            r#"{"a":"x Pa$$ \"w0rd y","n":[1.50,12345678,-1e5],"Pa$$+%22w0rd":null,"é\u00e9":true}"#,
            r#"{"a":"x [hidden] y","n":[1.50,"[hidden]",-1e5],"[hidden]":null,"é\u00e9":true}"#,
        ),
        (r#""\u0050a$$ \u0022w0rd""#, r#""[hidden]""#),
        (r#"{"line":"a\nb\u001b\\"}"#, r#"{"line":"a\\nb\\u{1b}\\"}"#),
        (r#"[ "half \ud83d \\ud83d \ud83d\ude00 \u00e9\ude00x" ]"#, "[ \"half \u{fffd} \\\\ud83d \u{1f600} é\u{fffd}x\" ]"),
        (r#"{"errorReportId":"1f40"}"#, r#"{"errorReportId":"1f40"}"#),
    ] {
        let shown_now = json(&raw(text)).unwrap();
        assert_eq!(shown_now.get(), shown);
    }
    assert!(json(&raw("null")).is_none());
}

#[test]
fn a_short_secret_withholds_what_a_server_wrote() {
    let known = knowing(&["q7#"]);
    let _entered = known.enter();
    for text in ["q7# is wrong", "q7%23", "q7\\u0023", "&#113;7#"] {
        assert_eq!(excerpt(text), WITHHELD, "{text}");
    }
    assert_eq!(excerpt("q7 is right"), "q7 is right");
    assert_eq!(Shown::message("the library's q7# stays").as_str(), "the library's q7# stays");
    assert_eq!(json(&raw(r#"{"a":["q7#",7],"b":"c"}"#)).unwrap().get(), format!(r#"{{"a":["{WITHHELD}",7],"b":"c"}}"#));
    assert_eq!(excerpt_of_body(b"<html>q7#</html>"), WITHHELD);
}

#[test]
fn a_word_of_our_own_is_not_given_away_by_being_hidden() {
    let _known = knowing(&["username"]);
    assert_eq!(Shown::message("check username and password").as_str(), "check username and password");
    assert_eq!(excerpt("username is no password"), "[hidden] is no password");
}
