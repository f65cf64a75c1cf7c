//! What is sent and what comes back.

use super::body::Room;
use crate::error::{Error, Result, Status};
use crate::json_text;
use crate::recovery::{Effect, Stage};
use crate::secret::Secret;
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use std::borrow::Cow;
use std::sync::Arc;
use url::Url;

pub(crate) use reqwest::Method;

/// A body with its media type.
#[derive(Clone)]
pub(crate) struct Body {
    pub media_type: Cow<'static, str>,
    pub text: Secret,
    /// Whether it holds a password, so that it may only go where those may go.
    pub secret: bool,
}

/// One request. The token is not part of it: whoever sends it decides.
#[derive(Clone)]
pub(crate) struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<Body>,
    pub effect: Effect,
    /// How many requests the server counts it as; 0 for one that is pending most of the time, so that its share is set
    /// aside from what the others may have under way.
    pub parts: usize,
    /// Whether the sender itself sees to being turned away with 429.
    pub paced: bool,
}

impl Request {
    pub fn get(url: Url) -> Request {
        Request { method: Method::GET, url, headers: Vec::new(), body: None, effect: Effect::Idempotent, parts: 1, paced: false }
    }

    /// A GET that the server answers when it has something to tell.
    pub fn pending(url: Url) -> Request {
        Request { parts: 0, paced: true, ..Request::get(url) }
    }

    pub fn delete(url: Url) -> Request {
        Request { method: Method::DELETE, ..Request::get(url) }
    }

    /// Any method. What changes something is not sent twice if it may have been processed.
    pub fn of(method: Method, url: Url, json: Option<String>) -> Request {
        let effect = if method.is_safe() { Effect::Idempotent } else { Effect::Lasting };
        let body = json.map(|text| Body { media_type: "application/json".into(), text: Secret::new(text), secret: false });
        Request { method, body, effect, ..Request::get(url) }
    }

    /// A POST whose effect ends with the application.
    pub fn post_within_application(url: Url, json: Option<String>) -> Request {
        Request { effect: Effect::Transient, ..Request::of(Method::POST, url, json) }
    }

    /// Adds a header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Request {
        self.headers.push((name, value.into()));
        self
    }

    pub fn post(url: Url, body: Body, effect: Effect) -> Request {
        Request { method: Method::POST, body: Some(body), effect, ..Request::get(url) }
    }

    /// `GET https://host/path`, for messages.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.url)
    }

    pub(super) fn is_secret(&self) -> bool {
        self.body.as_ref().is_some_and(|body| body.secret)
    }

    /// The request as it is sent. The copies of secrets in it are wiped when it is dropped.
    pub(super) fn build(&self, token: Option<&Secret>) -> Result<reqwest::Request> {
        let mut outgoing = reqwest::Request::new(self.method.clone(), self.url.clone());
        if let Some(body) = &self.body {
            *outgoing.body_mut() = Some(body.text.bytes().into());
        }
        let headers = outgoing.headers_mut();
        if let Some(token) = token {
            let mut value = HeaderValue::from_maybe_shared(token.bearer())
                .map_err(|_| Error::argument("the token holds characters that no header may hold"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        for (name, value) in &self.headers {
            let value = HeaderValue::from_str(value)
                .map_err(|_| Error::argument(format!("the value of the header {name} holds characters that none may hold")))?;
            headers.insert(*name, value);
        }
        if let Some(body) = &self.body {
            let media_type =
                HeaderValue::from_str(&body.media_type).map_err(|_| Error::argument("the media type of the body is invalid"))?;
            headers.insert(CONTENT_TYPE, media_type);
        }
        if self.body.is_none() && matches!(self.method, Method::POST | Method::PUT | Method::PATCH) {
            // Windows' own web server refuses what might have a body and does not say how long it is.
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        Ok(outgoing)
    }
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Bytes,
    /// Where it came from.
    pub url: Url,
    /// What is known of the attempts that led to it.
    pub attempts: Attempts,
    /// Whether the body is the beginning of a longer one.
    pub is_cut: bool,
    /// Whether the body's array items and links were counted.
    pub is_counted: bool,
    /// What a large body takes of the application's room.
    pub room: Option<Arc<Room>>,
    /// Whether its JSON is nested deeper than results may be.
    pub is_too_deep: bool,
}

/// What the meaning of an answer may depend on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attempts {
    /// The request was sent before, and that time its answer was lost.
    pub lost_before: bool,
    /// The server asks for a longer wait before the next attempt than the call has time for.
    pub out_of_time: bool,
}

impl Answer {
    /// An answer without a body.
    pub(super) fn new(url: Url, status: u16, headers: Vec<(HeaderName, HeaderValue)>) -> Answer {
        Answer {
            status,
            headers,
            body: Bytes::new(),
            url,
            attempts: Attempts::default(),
            is_too_deep: false,
            is_cut: false,
            is_counted: false,
            room: None,
        }
    }

    /// Every body is taken here, so that no reader meets JSON that it cannot read.
    pub(super) fn take_body(&mut self, body: Bytes) {
        self.body = body;
        if !self.may_be_json() {
            return;
        }
        self.is_too_deep = json_text::is_too_deep(&self.body);
        if let Some(mended) = json_text::mended(&self.body).filter(|mended| std::str::from_utf8(mended).is_ok()) {
            self.body = mended.into();
        }
    }

    /// An answer that came as a part of another, of which it has what it does not say itself.
    pub fn within(&self, url: Url, status: u16, own: &[(&str, &[u8])], body: &[u8]) -> Answer {
        let said = own.iter().filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_bytes(value).ok()?)));
        let mut headers: Vec<_> = said.collect();
        let of_all = |(name, _): &&(HeaderName, HeaderValue)| matches!(name.as_str(), "x-ms-server-fqdn" | "date");
        headers.extend(self.headers.iter().filter(of_all).cloned());
        let mut answer = Answer::new(url, status, headers);
        (answer.attempts, answer.room) = (self.attempts, self.room.clone());
        answer.take_body(self.body.slice_ref(body));
        answer
    }

    /// The answer to a deletion whose first attempt did it, and lost its answer.
    pub fn deleted_before(self) -> Answer {
        Answer { status: 204, headers: Vec::new(), body: Bytes::new(), ..self }
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.to_str().ok())
    }

    /// All headers of that name.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = Cow<'_, str>> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| String::from_utf8_lossy(value.as_bytes()))
    }

    /// Whether the server says that the body is of a JSON type, or says nothing about it.
    pub fn may_be_json(&self) -> bool {
        let Some(media_type) = self.header("content-type") else { return true };
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        media_type.ends_with("/json") || media_type.ends_with("+json")
    }

    /// The body without the byte order mark that some servers put before their JSON.
    pub fn body_after_mark(&self) -> &[u8] {
        self.body.strip_prefix(b"\xef\xbb\xbf".as_slice()).unwrap_or(&self.body)
    }
}

/// An attempt without a usable answer.
#[derive(Debug)]
pub(super) struct Failure {
    pub error: Error,
    pub stage: Stage,
}

impl Failure {
    pub fn unsent(error: Error) -> Failure {
        Failure { error, stage: Stage::Unsent }
    }

    pub fn silent() -> Failure {
        let text = format!("the server took the connection and sent nothing for {} s", super::SILENCE.as_secs());
        Failure { error: Error::new(Status::Network, text), stage: Stage::Silent }
    }

    pub fn unusable(error: Error) -> Failure {
        Failure { error, stage: Stage::Unusable }
    }
}
