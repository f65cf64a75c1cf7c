//! From an HTTP answer to a resource, or to the error that the server meant.

use super::{Resource, diagnostics, text_of, xml};
use crate::error::{Error, Name, Result, Status};
use crate::json_text::DEEPEST;
use crate::limits::{self, ItemCounter};
use crate::recovery::{Effect, Outcome, Said};
use crate::shown::{self, Shown, excerpt, excerpt_of_body};
use crate::transport::{Answer, Request};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The server's error body. Every member may be missing or of another kind than expected; none is copied as it stands.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Refusal<'a> {
    #[serde(borrow, default, deserialize_with = "lenient")]
    code: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    subcode: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    message: Option<Cow<'a, str>>,
    #[serde(borrow)]
    parameters: Option<&'a RawValue>,
    #[serde(borrow)]
    link: Option<&'a RawValue>,
    #[serde(borrow)]
    debug_info: Option<&'a RawValue>,
}

impl<'a> Refusal<'a> {
    /// Reads an error body in either of UCWA's formats; another body leaves all absent.
    fn read(answer: &Answer, body: &'a [u8]) -> Refusal<'a> {
        let from_json = || (answer.may_be_json() && !answer.is_too_deep).then(|| serde_json::from_slice(without_bom(body)).ok()).flatten();
        from_json().or_else(|| xml::is_xml(answer).then(|| Refusal::read_xml(body))).unwrap_or_default()
    }

    fn read_xml(body: &[u8]) -> Refusal<'a> {
        let [code, subcode, message] = xml::texts(body, ["code", "subcode", "message"]).map(|text| text.map(Cow::Owned));
        Refusal { code, subcode, message, ..Refusal::default() }
    }

    fn says_something(&self) -> bool {
        self.code.is_some() || self.subcode.is_some() || self.message.is_some()
    }
}

/// A body without the byte order mark that some servers begin with.
fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

/// Text; whatever else stands there counts as absent.
fn lenient<'de: 'a, 'a, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Cow<'a, str>>, D::Error> {
    Ok(Option::<&'de RawValue>::deserialize(deserializer)?.and_then(text_of))
}

/// What of an error's text the server wrote, with the bytes that are left for it.
struct Quoted {
    left: usize,
}

impl Quoted {
    /// The longest text of one member, in characters.
    const LONGEST: usize = 512;

    fn text(&mut self, text: &str) -> Shown {
        let shown = Shown::quote(text, Quoted::LONGEST.min(self.left));
        self.left = self.left.saturating_sub(shown.as_str().len());
        shown
    }

    fn name(&mut self, text: &str) -> Name {
        Name::new(text, self.text(text))
    }

    /// JSON cannot be cut: it stands there as a whole, or does not.
    fn json(&mut self, raw: Option<&RawValue>) -> Option<Box<RawValue>> {
        let shown = shown::json(raw.filter(|raw| raw.get().len() <= self.left)?)?;
        self.left = self.left.checked_sub(shown.get().len())?;
        Some(shown)
    }
}

/// The body of an answer as text, where it is a success and of a JSON type.
pub(crate) fn body_text<'a>(request: &Request, answer: &'a Answer) -> Result<&'a str> {
    if !answer.is_success() {
        return Err(refusal(request, answer));
    }
    if !answer.may_be_json() {
        return Err(foreign(request, answer));
    }
    if !answer.is_counted && !ItemCounter::accepts(&answer.body) {
        return Err(with_answer(Error::protocol(limits::too_many_items()), request, answer));
    }
    if answer.is_too_deep {
        return Err(too_deep(request, answer));
    }
    let not_text = |error: std::str::Utf8Error| format!("the answer is no UTF-8 (its byte {})", error.valid_up_to());
    let text = std::str::from_utf8(&answer.body).map_err(|error| with_answer(Error::protocol(not_text(error)), request, answer))?;
    // A byte order mark has been seen before the JSON.
    Ok(text.trim_start_matches('\u{feff}').trim())
}

/// The resource in an answer.
pub(crate) fn resource<'a>(request: &Request, answer: &'a Answer) -> Result<Resource<'a>> {
    let text = body_text(request, answer)?;
    if !text.starts_with('{') {
        return Err(foreign(request, answer));
    }
    Resource::parse(text).map_err(|error| with_answer(error, request, answer))
}

/// X-Ms-diagnostics of a token that is invalid, expired or missing.
const TOKEN_DIAGNOSTICS: [&str; 2] = ["28055", "28020"];

/// Whether an answer means that the token is missing, invalid or expired. Some servers say so with 403.
pub(crate) fn refuses_token(answer: &Answer) -> bool {
    let diagnosed =
        || answer.header("x-ms-diagnostics").is_some_and(|text| TOKEN_DIAGNOSTICS.iter().any(|id| text.trim_start().starts_with(id)));
    answer.status == 401 || answer.status == 403 && diagnosed()
}

/// What a refusal says about the request, the token and the application.
fn said(answer: &Answer, refusal: &Refusal<'_>) -> Said {
    const UNWANTED: [&str; 4] = ["TooManyApplications", "UserAgentNotAllowed", "CannotRedirect", "MobileApplicationNoLongerAllowed"];
    let is = |name: &str| [&refusal.code, &refusal.subcode].into_iter().any(|said| said.as_deref() == Some(name));
    // A page says nothing of the application: somebody else wrote it.
    let says_nothing = !refusal.says_something() && !is_page(answer);
    match answer.status {
        _ if refuses_token(answer) => Said::TokenRefused,
        403 | 410 if UNWANTED.into_iter().any(is) => Said::ApplicationUnwanted,
        410 if is("InactiveApplicationExpired") => Said::ApplicationGone,
        404 if is("ApplicationNotFound") || says_nothing => Said::PerhapsApplicationGone,
        410 if !is_page(answer) => Said::PerhapsApplicationGone,
        status => Said::of_status(status),
    }
}

/// The error that an answer with a status of 300 or more stands for.
pub(crate) fn refusal(request: &Request, answer: &Answer) -> Error {
    let completed = if answer.is_cut { complete(&answer.body) } else { None };
    let read = Refusal::read(answer, completed.as_deref().map_or(&answer.body, str::as_bytes));
    let meaning = said(answer, &read);
    let mut error = explained(request, answer, read);
    error.details_mut().said = Some(meaning);
    let outcome = Outcome::Answered { said: meaning, retry_after: None };
    if request.effect == Effect::Lasting && outcome.may_have_been_processed() {
        error = error.perhaps_done();
    }
    if answer.attempts.out_of_time {
        error.details_mut().status = Status::Throttled;
        error = error.while_doing("the server asks for a longer wait than the call has time for");
    }
    error
}

fn explained(request: &Request, answer: &Answer, refusal: Refusal<'_>) -> Error {
    let said = refusal.says_something();
    let Refusal { code, subcode, message, parameters, link, debug_info } = refusal;
    let mut quoted = Quoted { left: limits::ERROR_TEXT };
    let plain = matches!(answer.status, 401 | 403 | 429 | 500..) || answer.body.is_empty() || xml::is_xml(answer);
    if !said && !plain || (300..400).contains(&answer.status) {
        return foreign(request, answer);
    }
    let status = Status::of_http(answer.status);
    let mut text = format!("the server answered {}", answer.status);
    let names: Vec<&str> = [code.as_deref(), subcode.as_deref()].into_iter().flatten().collect();
    if !names.is_empty() {
        text.push_str(&format!(" {}", excerpt(&names.join("/"))));
    }
    match message.as_deref().filter(|message| !message.is_empty()) {
        Some(message) => text.push_str(&format!(": {}", excerpt(message))),
        None if !said && !answer.body.is_empty() => text.push_str(&format!(": {}", excerpt_of_body(&answer.body))),
        None => {}
    }
    let mut error = Error::new(status, text);
    let details = error.details_mut();
    details.code = code.as_deref().map(|text| quoted.name(text));
    details.subcode = subcode.as_deref().map(|text| quoted.name(text));
    details.parameters = quoted.json(parameters);
    details.link = quoted.json(link);
    details.debug_info = quoted.json(debug_info);
    details.retry_after_ms = answer.retry_after().and_then(|wait| u64::try_from(wait.as_millis()).ok());
    with_answer(error, request, answer)
}

/// Whether an answer is neither a refusal nor a page of somebody in between.
pub(crate) fn stands(answer: &Answer) -> bool {
    answer.status == 304 || answer.is_success() && !is_page(answer)
}

/// Whether an answer is a page for people: UCWA gives none, whatever it is asked.
pub(crate) fn is_page(answer: &Answer) -> bool {
    let media_type = answer.header("content-type").unwrap_or_default().trim_start();
    !answer.body.is_empty() && media_type.get(..9).is_some_and(|kind| kind.eq_ignore_ascii_case("text/html"))
}

/// The error for a body that is not UCWA's: a proxy's page, most often.
pub(crate) fn foreign(request: &Request, answer: &Answer) -> Error {
    let kind = answer.header("content-type").unwrap_or("no type").to_owned();
    let to = answer.header("location").map(|to| format!(", which redirects to {}", excerpt(to))).unwrap_or_default();
    let text = format!(
        "status {}{to}, with a body that is not UCWA's ({}); a proxy or another web server may have answered: {}",
        answer.status,
        excerpt(&kind),
        excerpt_of_body(&answer.body)
    );
    with_answer(Error::protocol(text), request, answer)
}

/// The error for JSON that is nested deeper than results may be.
pub(crate) fn too_deep(request: &Request, answer: &Answer) -> Error {
    with_answer(Error::protocol(format!("the answer is nested deeper than {DEEPEST} levels")), request, answer)
}

/// Adds what the answer tells of itself.
pub(crate) fn with_answer(mut error: Error, request: &Request, answer: &Answer) -> Error {
    let mut quoted = Quoted { left: limits::ERROR_TEXT };
    let mut header = |name| answer.header(name).map(|text| quoted.text(text));
    let (fqdn, time, diagnostics) = (header("x-ms-server-fqdn"), header("date"), header("x-ms-diagnostics"));
    let details = error.details_mut();
    details.http_status.get_or_insert(answer.status);
    details.server_fqdn = fqdn;
    details.time = time;
    details.diagnostics = diagnostics;
    if let Some((number, meaning)) = answer.header("x-ms-diagnostics").and_then(diagnostics::meaning)
        && !error.message().contains(&number.to_string())
    {
        error.add_before_advice(&format!("diagnostics {number}: {meaning}"));
    }
    error.on_request(|| request.name())
}

/// JSON that was cut, with its last string, arrays and objects ended, so that what is there can be read.
fn complete(body: &[u8]) -> Option<String> {
    let end = std::str::from_utf8(body).map_or_else(|error| error.valid_up_to(), str::len);
    let text = std::str::from_utf8(&body[..end]).ok()?;
    let (mut open, mut in_string, mut escape) = (Vec::new(), false, None);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escape.is_some_and(|start| at == start + 1) => {}
            b'\\' if in_string => escape = Some(at),
            b'"' => in_string = !in_string,
            b'{' if !in_string => open.push('}'),
            b'[' if !in_string => open.push(']'),
            b'}' | b']' if !in_string => drop(open.pop()),
            _ => {}
        }
    }
    // The last escape may be cut itself.
    const LONGEST_ESCAPE: usize = 6;
    let end = escape.filter(|start| in_string && start + LONGEST_ESCAPE >= text.len()).unwrap_or(text.len());
    let quote = if in_string { "\"" } else { "" };
    Some(format!("{}{quote}{}", &text[..end], open.iter().rev().collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_can_be_read_as_far_as_it_is_there() {
        for (cut, whole) in [
            (r#"{"code":"NotFound","message":"aaa"#, r#"{"code":"NotFound","message":"aaa"}"#),
            (r#"{"a":[{"b":"\"#, r#"{"a":[{"b":""}]}"#),
            (r#"{"a":"\\"#, r#"{"a":""}"#),
            (r#"{"a":"x\u00"#, r#"{"a":"x"}"#),
            (r#"{"a":"[{","b":[1,2"#, r#"{"a":"[{","b":[1,2]}"#),
            ("{\"a\":\"ü", "{\"a\":\"ü\"}"),
        ] {
            assert_eq!(complete(cut.as_bytes()).as_deref(), Some(whole), "{cut}");
        }
        assert_eq!(complete(&b"{\"a\":\"\xc3"[..]).as_deref(), Some("{\"a\":\"\"}"));
    }

    #[test]
    fn what_is_quoted_is_bounded() {
        let mut quoted = Quoted { left: 1000 };
        let long = "x".repeat(1000);
        assert_eq!(quoted.text(&long).as_str().chars().count(), 513);
        assert_eq!(quoted.text("abc").as_str(), "abc");
        assert_eq!(quoted.left, 482);
        let raw = RawValue::from_string(format!("\"{}\"", "x".repeat(500))).unwrap();
        assert!(quoted.json(Some(&raw)).is_none());
        assert!(quoted.json(Some(&RawValue::from_string("{}".into()).unwrap())).is_some());
    }
}
