//! What can go wrong, told for people: which request failed, what the server said, what to do.

use crate::recovery::{Said, Stage};
use crate::secret::Secret;
use crate::shown::Shown;
pub(crate) use crate::shown::{excerpt, excerpt_of_argument};
use serde::Serialize;
use serde_json::value::RawValue;
use std::fmt;
use std::sync::Arc;

/// The kind of a failure. The numbers are those of the C ABI: explicit, and only ever added to.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// No failure.
    Ok = 0,
    /// An argument is missing, malformed or out of range, or the server called the request bad.
    InvalidArgument = -1,
    /// A configuration key is unknown or its value cannot be used.
    InvalidConfig = -2,
    /// No UCWA server was found for the sign-in address.
    DiscoveryFailed = -3,
    /// The server refused the credentials or the token.
    AuthenticationFailed = -4,
    /// The server wants the user to sign in on a web page (`signInUrl` in the error's JSON).
    SignInElsewhere = -5,
    /// The server does not allow it to this user.
    Forbidden = -6,
    /// There is no such contact, group, link or resource.
    NotFound = -7,
    /// The request contradicts the present state, or a name fits several things.
    Conflict = -8,
    /// The server asks for fewer requests.
    Throttled = -9,
    /// The server failed.
    ServerError = -10,
    /// The server could not be reached, or the connection was lost.
    Network = -11,
    /// No trusted TLS connection could be made.
    Tls = -12,
    /// The time of the call ran out.
    Timeout = -13,
    /// The answer is not UCWA's.
    Protocol = -14,
    /// The application was cancelled or signed out.
    Cancelled = -15,
    /// The handle was made by the process that this one was forked from.
    Forked = -16,
    /// Not in this build.
    Unsupported = -17,
    /// A defect of the library.
    Internal = -18,
}

impl Status {
    /// Every status, in the order of the numbers 0, -1, -2, …
    pub const ALL: [Status; 19] = [
        Status::Ok,
        Status::InvalidArgument,
        Status::InvalidConfig,
        Status::DiscoveryFailed,
        Status::AuthenticationFailed,
        Status::SignInElsewhere,
        Status::Forbidden,
        Status::NotFound,
        Status::Conflict,
        Status::Throttled,
        Status::ServerError,
        Status::Network,
        Status::Tls,
        Status::Timeout,
        Status::Protocol,
        Status::Cancelled,
        Status::Forked,
        Status::Unsupported,
        Status::Internal,
    ];

    /// The C constant's name, such as `"UCWA_NOT_FOUND"`; usable as a C string, too.
    pub const fn name(self) -> &'static std::ffi::CStr {
        match self {
            Status::Ok => c"UCWA_OK",
            Status::InvalidArgument => c"UCWA_INVALID_ARGUMENT",
            Status::InvalidConfig => c"UCWA_INVALID_CONFIG",
            Status::DiscoveryFailed => c"UCWA_DISCOVERY_FAILED",
            Status::AuthenticationFailed => c"UCWA_AUTHENTICATION_FAILED",
            Status::SignInElsewhere => c"UCWA_SIGN_IN_ELSEWHERE",
            Status::Forbidden => c"UCWA_FORBIDDEN",
            Status::NotFound => c"UCWA_NOT_FOUND",
            Status::Conflict => c"UCWA_CONFLICT",
            Status::Throttled => c"UCWA_THROTTLED",
            Status::ServerError => c"UCWA_SERVER_ERROR",
            Status::Network => c"UCWA_NETWORK",
            Status::Tls => c"UCWA_TLS",
            Status::Timeout => c"UCWA_TIMEOUT",
            Status::Protocol => c"UCWA_PROTOCOL",
            Status::Cancelled => c"UCWA_CANCELLED",
            Status::Forked => c"UCWA_FORKED",
            Status::Unsupported => c"UCWA_UNSUPPORTED",
            Status::Internal => c"UCWA_INTERNAL",
        }
    }

    /// The number that the C ABI hands out.
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The status with that number.
    pub fn from_number(number: i32) -> Option<Status> {
        Status::ALL.into_iter().find(|s| s.number() == number)
    }

    /// What an HTTP status means where nothing more is known.
    pub(crate) fn of_http(http: u16) -> Status {
        match http {
            400 => Status::InvalidArgument,
            401 => Status::AuthenticationFailed,
            403 => Status::Forbidden,
            404 | 410 => Status::NotFound,
            409 | 412 | 428 => Status::Conflict,
            429 => Status::Throttled,
            408 | 504 => Status::Timeout,
            500..=599 => Status::ServerError,
            _ => Status::Protocol,
        }
    }
}

impl Serialize for Status {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name().to_string_lossy())
    }
}

/// One failure. It is cheap to move and to clone, as clones share what it says until one of them changes, and it never
/// holds a password or a token.
#[derive(Clone)]
pub struct Error(Arc<Details>);

/// The members of an error's JSON; those that are not known are absent.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Details {
    pub status: Status,
    pub message: Shown,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subcode: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Shown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_fqdn: Option<Shown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Shown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnostics: Option<Shown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debug_info: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in_url: Option<Shown>,
    /// The ids of the groups that a name fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<Shown>>,
    /// What to do, as it stands at the end of the message.
    #[serde(skip)]
    pub advice: Option<String>,
    /// The application is gone from the server.
    #[serde(skip)]
    pub application_gone: bool,
    /// How far the attempt got, if it has no usable answer.
    #[serde(skip)]
    pub stage: Option<Stage>,
    /// What the server's answer said, if it was an answer that failed.
    #[serde(skip)]
    pub said: Option<Said>,
    /// Another name of the sign-in domain may lead to the server that this one did not lead to.
    #[serde(skip)]
    pub elsewhere: bool,
    /// A batch was not sent, since the server takes fewer parts at once than it has: make smaller ones.
    #[serde(skip)]
    pub too_many_parts: bool,
}

/// A name that the server gave an error. The library decides by what was written, and shows it like any other text: a
/// password may be a part of it.
#[derive(Clone)]
pub(crate) struct Name {
    text: Secret,
    shown: Shown,
}

impl Name {
    pub fn new(text: &str, shown: Shown) -> Name {
        let start: String = text.chars().take(LONGEST_NAME).collect();
        Name { text: Secret::new(start), shown }
    }
}

impl Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.shown.serialize(serializer)
    }
}

/// The most that is compared of a code or subcode, in characters.
const LONGEST_NAME: usize = 256;

/// The method and the start of the address.
const LONGEST_REQUEST: usize = 500;

/// What the library's functions return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failure of that kind, with a text for people.
    pub fn new(status: Status, message: impl Into<String>) -> Error {
        Error(Arc::new(Details {
            status,
            message: Shown::message(&message.into()),
            http_status: None,
            code: None,
            subcode: None,
            request: None,
            server_fqdn: None,
            time: None,
            retry_after_ms: None,
            diagnostics: None,
            parameters: None,
            link: None,
            debug_info: None,
            sign_in_url: None,
            ids: None,
            advice: None,
            application_gone: false,
            stage: None,
            said: None,
            elsewhere: false,
            too_many_parts: false,
        }))
    }

    pub(crate) fn argument(message: impl Into<String>) -> Error {
        Error::new(Status::InvalidArgument, message)
    }

    pub(crate) fn config(message: impl Into<String>) -> Error {
        Error::new(Status::InvalidConfig, message)
    }

    pub(crate) fn protocol(message: impl Into<String>) -> Error {
        Error::new(Status::Protocol, message)
    }

    pub(crate) fn cancelled() -> Error {
        Error::new(Status::Cancelled, "the application was cancelled or signed out; no call can be made with it any more")
    }

    /// The kind of the failure.
    pub fn status(&self) -> Status {
        self.0.status
    }

    /// What failed, on which request, what the server said and what to do.
    pub fn message(&self) -> &str {
        self.0.message.as_str()
    }

    /// The HTTP status of the server's answer, where there was one.
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// The server's error code, such as `NotFound`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_ref().map(|name| name.shown.as_str())
    }

    /// The server's subcode, such as `ResourceNotFound`.
    pub fn subcode(&self) -> Option<&str> {
        self.0.subcode.as_ref().map(|name| name.shown.as_str())
    }

    /// Whether the server's code or subcode is this one, however it is shown.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        [&self.0.code, &self.0.subcode].into_iter().flatten().any(|said| said.text.reveal() == name)
    }

    /// Everything known of the failure, as the JSON object that the C ABI hands out.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self.details()).unwrap_or_default()
    }

    pub(crate) fn details(&self) -> &Details {
        &self.0
    }

    pub(crate) fn details_mut(&mut self) -> &mut Details {
        Arc::make_mut(&mut self.0)
    }

    /// Names the request that failed, unless a more exact one was named before.
    pub(crate) fn on_request(mut self, request: impl FnOnce() -> String) -> Error {
        if self.0.request.is_none() {
            let request = Shown::quote(&request(), LONGEST_REQUEST);
            if !self.message().contains(request.as_str()) {
                self = self.while_doing(request.as_str());
            }
            self.details_mut().request = Some(request);
        }
        self
    }

    /// Adds what to do to the end of the message.
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Error {
        let advice = advice.into();
        let text = format!("{}; {advice}", self.message());
        self = self.saying(&text);
        self.details_mut().advice = Some(advice);
        self
    }

    /// Adds a sentence to the message, before the advice at its end.
    pub(crate) fn add_before_advice(&mut self, text: &str) {
        let advice = self.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
        self.details_mut().message = Shown::message(&format!("{}; {text}{advice}", self.without_advice()));
    }

    /// The advice at the end of the message. Several failures with the same advice give it once.
    pub(crate) fn advice(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }

    /// The message without the advice at its end.
    pub(crate) fn without_advice(&self) -> &str {
        let advice = self.advice().and_then(|advice| self.message().strip_suffix(advice)?.strip_suffix("; "));
        advice.unwrap_or(self.message())
    }

    /// Says that the server may have done what it was asked to do.
    pub(crate) fn perhaps_done(self) -> Error {
        self.advise("the server may have acted on it: look whether it did before you try again")
    }

    /// Records how far the attempt got.
    pub(crate) fn at_stage(mut self, stage: Stage) -> Error {
        self.details_mut().stage = Some(stage);
        self
    }

    /// Puts what was attempted before the message.
    pub(crate) fn while_doing(self, what: &str) -> Error {
        let text = format!("{what}: {}", self.message());
        self.saying(&text)
    }

    fn saying(mut self, text: &str) -> Error {
        self.details_mut().message = Shown::message(text);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod secrecy;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_order() {
        for (place, status) in Status::ALL.into_iter().enumerate() {
            assert_eq!(status.number(), -(place as i32));
            assert_eq!(Status::from_number(status.number()), Some(status));
        }
        assert_eq!(Status::from_number(1), None);
    }

    #[test]
    fn clones_share_what_they_say_until_one_changes() {
        let error = Error::protocol("no");
        let mut other = error.clone();
        assert!(Arc::ptr_eq(&error.0, &other.0));
        other.details_mut().http_status = Some(400);
        assert_eq!((error.http_status(), other.http_status()), (None, Some(400)));
    }

    #[test]
    fn advice_is_at_the_end_and_can_be_left_out() {
        let error = Error::new(Status::Network, "no address").advise("check the name").while_doing("GET x");
        assert_eq!(error.message(), "GET x: no address; check the name");
        assert_eq!((error.without_advice(), error.advice()), ("GET x: no address", Some("check the name")));
        assert_eq!(Error::new(Status::Network, "no address").without_advice(), "no address");
    }
}
