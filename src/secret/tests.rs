use super::*;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded::byte_serialize;

/// The parts of a text that are shown.
fn rest(text: &str, secrets: &[&str]) -> String {
    let secrets = secrets.iter().map(|secret| secret.as_bytes()).collect();
    match Search::new(secrets, true).run(text.as_bytes()) {
        Found::Everything => "*".into(),
        Found::At(places) => {
            let (mut shown, mut at) = (Vec::new(), 0);
            for place in places {
                shown.extend_from_slice(&text.as_bytes()[at..place.start]);
                shown.push(b'*');
                at = place.end;
            }
            shown.extend_from_slice(&text.as_bytes()[at..]);
            String::from_utf8(shown).unwrap()
        }
    }
}

#[test]
fn each_spelling_of_a_password() {
    let secret = "Pä$s &\"wörd+%/\\<1> \u{1f511}";
    for spelt in spellings(secret) {
        for (before, after) in [("", ""), ("a ", " b"), ("%", "5"), ("\\", "u"), ("&", ";"), ("x=", "&y"), ("\"", "\""), ("", "%2")] {
            assert_eq!(rest(&format!("{before}{spelt}{after}"), &[secret]), format!("{before}*{after}"), "{spelt}");
        }
    }
}

#[test]
fn base64_at_any_place() {
    let secret = "S3cret word&";
    for before in ["", "l", "le", "len", "lenea@contoso.com:", "grant_type=password&password="] {
        for secret_or_form in [secret.to_owned(), form(secret)] {
            let plain = format!("{before}{secret_or_form}&x=1");
            for spelt in [STANDARD.encode(&plain), URL_SAFE_NO_PAD.encode(&plain), percent(&STANDARD.encode(&plain))] {
                assert_eq!(
                    rest(&format!("Basis {spelt}|"), &[secret]).trim_end_matches('|').trim_end_matches("%3D").trim_end_matches('='),
                    "Basis *",
                    "{plain}"
                );
            }
        }
    }
}

#[test]
fn text_without_a_secret_stays() {
    let text =
        "the server answered 403 Forbidden: 100 % of \\n users & <b>all</b> groups + YWJjZGVmZ2hpamtsbW5vcA==, \\ud83d %zz &#x; &amp;";
    assert_eq!(rest(text, &["another text", "x"]), text.replace('x', "*"));
    assert_eq!(rest(text, &[]), text);
    assert_eq!(rest(text, &[""]), text);
}

#[test]
fn several_and_overlapping() {
    assert_eq!(rest("abcdefghi abcdef defghi", &["abcdef", "defghi"]), "* * *");
    assert_eq!(rest("aaaaaaaaab", &["aaaaaa"]), "*b");
}

#[test]
fn what_is_made_to_be_slow_is_not_shown() {
    let secret = format!("{}b", "a".repeat(40_000));
    assert_eq!(rest(&"a".repeat(60_000), &[&secret]), "*");
    let secrets: Vec<String> = (0..500).map(|n| format!("eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsIng1dCI6{n:0900}")).collect();
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    assert_eq!(rest(&format!("no {} yes", secrets[77]), &secrets), "no * yes");
}

#[test]
fn tokens_and_passwords_by_shape() {
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlc2lnbmF0dXJl";
    for (text, shown) in [
        (
            "Bearer abc.def \"x\" cwt=AAE+/==, password=a%20b&grant_type=p öß ACCESS_TOKEN=z",
            "Bearer * \"x\" cwt=*, password=*&grant_type=p öß ACCESS_TOKEN=*",
        ),
        (&format!("token {jwt}, {jwt}.x"), "token *, *"),
        (&format!("cut {}", &jwt[..40]), "cut *"),
        ("eyJ is how they begin", "eyJ is how they begin"),
        ("{\"access_token\" : \"abc\", \"refresh_token\":\"d\"}", "{\"access_token\" : \"*\", \"refresh_token\":\"*\"}"),
        ("cwt%3DAAEB%2bxy%3d%3d&x", "cwt%3D*&x"),
        ("\\u0022password\\u0022:\\u0022abc\\u0022", "\\u0022password\\u0022:\\u0022*\\u0022"),
        ("a bearer token, without \"Bearer \"", "a bearer token, without \"Bearer \""),
        (
            "Bearer trusted_issuers=\"\", Basic realm=\"x\", Negotiate, NTLM",
            "Bearer trusted_issuers=\"\", Basic realm=\"x\", Negotiate, NTLM",
        ),
        ("Basic bGVuZWE6cGFzcw==", "Basic *"),
    ] {
        assert_eq!(rest(text, &[]), shown);
    }
}

fn form(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

fn percent(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn small_percent(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02x}") }).collect()
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap().trim_matches('"').to_owned()
}

/// As .NET writes JSON: whatever is not plain is escaped.
fn careful_json(text: &str) -> String {
    text.encode_utf16()
        .map(|unit| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("\\u{unit:04X}"),
        })
        .collect()
}

fn html(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".into(),
            '<' => "&lt;".into(),
            '>' => "&gt;".into(),
            '"' => "&quot;".into(),
            c if c.is_ascii_alphanumeric() => c.to_string(),
            c if u32::from(c) % 2 == 0 => format!("&#{};", u32::from(c)),
            c => format!("&#x{:X};", u32::from(c)),
        })
        .collect()
}

fn spellings(text: &str) -> Vec<String> {
    let simple = [form(text), percent(text), small_percent(text), json(text), careful_json(text), html(text)];
    let twice = simple.iter().flat_map(|spelt| [percent(spelt), json(spelt), html(spelt)]).collect::<Vec<_>>();
    [text.to_owned()].into_iter().chain(simple).chain(twice).collect()
}
