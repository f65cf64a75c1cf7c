//! No error shows a secret, and none is longer than stated.

use super::*;
use crate::secret::{self, Found, Kind, Known};
use crate::shown::{Line, excerpt_of_body, json};

fn knowing(secret: &str) -> Arc<Known> {
    let known = Arc::<Known>::default();
    known.remember(Kind::Given, &Secret::new(secret.to_owned()));
    known
}

#[test]
fn an_error_is_bounded_whatever_it_quotes() {
    let (huge, address) = ("ab \n\u{202e}".repeat(1 << 20), format!("https://host/{}", "a".repeat(5 << 20)));
    let error = Error::protocol(format!("no {huge}")).on_request(|| format!("GET {address}")).while_doing(&huge);
    assert!(error.message().len() <= 4096 && error.to_json().len() < 8192, "{}", error.to_json().len());
}

#[test]
fn names_are_compared_as_they_were_written() {
    let _known = knowing("Application");
    let mut error = Error::new(Status::NotFound, "x");
    error.details_mut().subcode = Some(Name::new("ApplicationNotFound", Shown::quote("ApplicationNotFound", 256)));
    assert_eq!(error.subcode(), Some("[hidden]NotFound"));
    assert!(error.is_named("ApplicationNotFound") && !error.is_named("NotFound"));
}

/// The same numbers for the same seed, everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn of<'a>(&mut self, what: &[&'a str]) -> &'a str {
        what[self.roll(what.len())]
    }

    fn text(&mut self, length: usize) -> String {
        const CHARACTERS: &str = "abzAZ019 +%&=\"'\\/<>;:#@!?$ä€😀{}[]u.-_~";
        let characters: Vec<char> = CHARACTERS.chars().collect();
        (0..length).map(|_| characters[self.roll(characters.len())]).collect()
    }

    /// One of the ways in which servers repeat a text.
    fn spelling(&mut self, text: &str) -> String {
        use base64::Engine;
        use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
        const FEW: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'"');
        let json = |text: &str| serde_json::to_string(text).unwrap()[1..].trim_end_matches('"').to_owned();
        match self.roll(9) {
            0 => url::form_urlencoded::byte_serialize(text.as_bytes()).collect(),
            1 => utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
            2 => utf8_percent_encode(text, FEW).to_string(),
            3 if !text.ends_with('"') => json(text),
            4 => text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect(),
            5 => text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;").replace('\'', "&#39;"),
            6 => base64::engine::general_purpose::STANDARD.encode(format!("{}{text}", "lenea:".get(..self.roll(6)).unwrap())),
            7 => self.spelling(&utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()),
            _ => text.to_owned(),
        }
    }
}

fn named(text: &str) -> Name {
    Name::new(text, Shown::quote(text, 512))
}

/// Whatever a server writes around a secret, and in whatever spelling, no output holds it in any.
#[test]
fn no_output_holds_a_secret() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..1_000 {
        let length = 10 + dice.roll(30);
        let secret = format!("{}#{round}§", dice.text(length));
        let known = knowing(&secret);
        let _entered = known.enter();
        let written = |dice: &mut Dice| {
            let (before, after) = (dice.roll(20), dice.roll(20));
            let spelt = dice.spelling(&secret);
            // Glued to other base64 it would be another base64.
            let (left, right) =
                (dice.of(&[" ", "\"", "%", "\\", "&", "'", "(", "\u{1b}"]), dice.of(&[" ", "\"", "%2", "\\", "&", ";", "\n"]));
            format!("{}{left}{spelt}{right}{}", dice.text(before), dice.text(after))
        };
        let mut error = Error::new(Status::Forbidden, format!("the server answered 403: {}", excerpt(&written(&mut dice))));
        let details = error.details_mut();
        details.code = Some(named(&written(&mut dice)));
        details.subcode = Some(named(&written(&mut dice)));
        details.server_fqdn = Some(Shown::quote(&written(&mut dice), 256));
        details.time = Some(Shown::quote(&written(&mut dice), 256));
        details.diagnostics = Some(Shown::quote(&written(&mut dice), 1024));
        details.sign_in_url = Some(Shown::quote(&written(&mut dice), 2048));
        details.ids = Some(vec![Shown::quote(&written(&mut dice), 256)]);
        let value = serde_json::json!({"a": written(&mut dice), written(&mut dice): [1, written(&mut dice)]});
        for member in [&mut details.parameters, &mut details.link, &mut details.debug_info] {
            *member = json(&RawValue::from_string(value.to_string()).unwrap());
        }
        let error = error.on_request(|| written(&mut dice)).while_doing(&excerpt(&written(&mut dice)));
        let line = Line(format_args!("{}: {error} {}", "a line", written(&mut dice))).to_string();
        let body = excerpt_of_body(format!("<p>{}</p>", written(&mut dice).replace(['<', '>'], "")).as_bytes());
        let read: serde_json::Value = serde_json::from_str(&error.to_json()).unwrap();
        assert_eq!(read["message"], error.message());
        // The text itself is searched as anybody would, and in every spelling by the search that the other tests check.
        for (name, output) in [("json", error.to_json()), ("debug", format!("{error:?}")), ("line", line), ("body", body)] {
            assert!(!output.contains(&secret) && secret::find(&output, true) == Found::At(vec![]), "{round} {name}: {secret} in {output}");
            assert!(output.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{name}: {output}");
        }
    }
}
