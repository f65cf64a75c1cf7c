//! One request and its answer, or what was ordered to happen instead.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::Response;
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};

use super::wire::{End, Ending, Payload};
use crate::errors;
use crate::fault::{Asked, FaultKind};
use crate::handlers::{self, token};
use crate::http::{Answer, JSON, Request};
use crate::record::RequestRecord;
use crate::routes::{self, Kind, Route};
use crate::state::{State, lock};

const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// The client of a connection.
pub(crate) struct Peer {
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) ending: Arc<Ending>,
    pub(crate) number: u64,
    pub(crate) secure: bool,
    pub(crate) control: bool,
}

/// There is no answer: the connection ends.
#[derive(Debug)]
pub(crate) struct Unanswered;

impl std::fmt::Display for Unanswered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no answer was wanted")
    }
}

impl std::error::Error for Unanswered {}

pub(crate) async fn answer(peer: Arc<Peer>, request: hyper::Request<Incoming>) -> Result<Response<Payload>, Unanswered> {
    let (head, body) = request.into_parts();
    let headers =
        head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let mut request = Request {
        method: head.method.as_str().to_owned(),
        target: head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        headers: headers.collect(),
        body: Vec::new(),
        secure: peer.secure,
        connection: peer.number,
    };
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => request.body = body.to_bytes().into(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let too_large = Answer::error(413, None, "The request is too large.");
            return Ok(write(&peer, too_large, None));
        }
        Err(_) => return Err(Unanswered),
    }
    if peer.control {
        return Ok(write(&peer, crate::control::answer(&peer.state, &request), None));
    }
    answer_ucwa(&peer, &request).await
}

/// Answers as a front end, with all that was ordered to go wrong.
async fn answer_ucwa(peer: &Peer, request: &Request) -> Result<Response<Payload>, Unanswered> {
    let (sequence, mishap, wait) = {
        let mut state = lock(&peer.state);
        let route = routes::route(&state, request).kind.name();
        let asked = Asked { method: &request.method, route, target: &request.target, host: request.host_name() };
        let mishap = state.faults.take(&asked);
        let sequence = state.journal.add(record(request, route));
        let wait = state.settings.latency.saturating_add(Duration::from_millis(mishap.delay_ms));
        (sequence, mishap, wait)
    };
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    match mishap.kind {
        Some(FaultKind::Hang) => std::future::pending().await,
        Some(FaultKind::Drop) => return Err(Unanswered),
        Some(FaultKind::Reset) => {
            peer.ending.reset();
            return Err(Unanswered);
        }
        _ => {}
    }
    let answer = {
        let mut state = lock(&peer.state);
        let route = routes::route(&state, request);
        let mut answer = answer_or_fail(&mut state, &route, request, mishap.kind.as_ref());
        if !matches!(mishap.kind, Some(FaultKind::Respond { .. } | FaultKind::HtmlPage { .. })) {
            add_usual_headers(&state, request, &mut answer);
        }
        state.journal.answered(sequence, answer.status);
        answer
    };
    Ok(finish(peer, request, answer, mishap.kind.as_ref()))
}

/// What the resource answers, or what a fault says instead.
pub(crate) fn answer_or_fail(state: &mut State, route: &Route, request: &Request, fault: Option<&FaultKind>) -> Answer {
    match fault {
        Some(FaultKind::Status { status, headers, body }) => {
            let mut answer = match body {
                Some(text) => Answer { body: text.clone().into_bytes(), ..Answer::new(*status) }.header("Content-Type", JSON),
                None if *status == 401 && route.kind != Kind::Token => token::challenge(state, request, errors::unauthorized_page()),
                None if route.kind == Kind::Token && *status >= 400 => token::usual_failure(*status),
                None => errors::usual(*status),
            };
            for (name, value) in headers {
                answer.set_header(name, value);
            }
            answer
        }
        Some(FaultKind::Respond { status, headers, body }) => {
            let answer = Answer { headers: headers.clone(), body: body.clone().into_bytes(), ..Answer::new(*status) };
            if answer.has_header("Content-Type") || body.is_empty() { answer } else { answer.header("Content-Type", JSON) }
        }
        Some(FaultKind::HtmlPage { status }) => errors::proxy_page(*status),
        _ => handlers::answer(state, route, request),
    }
}

/// Puts an answer on the wire, with what is to happen to it there.
fn finish(peer: &Peer, request: &Request, mut answer: Answer, fault: Option<&FaultKind>) -> Response<Payload> {
    match fault {
        Some(FaultKind::Truncate { bytes }) => return write(peer, answer, Some(*bytes)),
        Some(FaultKind::WrongType { content_type }) => answer.set_header("Content-Type", content_type),
        Some(FaultKind::AnswerThenReset { delay_ms }) => peer.ending.plan(End::Reset(Duration::from_millis(*delay_ms))),
        Some(FaultKind::CloseAfter) => peer.ending.plan(End::Close),
        _ => {}
    }
    if !matches!(fault, Some(FaultKind::Respond { .. })) {
        answer.compress(request);
    }
    write(peer, answer, None)
}

/// The answer for hyper, cut off after so many bytes where that is given.
fn write(peer: &Peer, answer: Answer, cut_after: Option<usize>) -> Response<Payload> {
    let mut response = Response::builder().status(answer.status);
    if let Some(headers) = response.headers_mut() {
        for (name, value) in &answer.headers {
            // A fault may hold what is no header; it is left out.
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
                headers.append(name, value);
            }
        }
        if cut_after.is_some() {
            // At least one byte is missing, however short the answer.
            headers.insert("content-length", HeaderValue::from(answer.body.len() + 1));
        }
    }
    let mut body = Bytes::from(answer.body);
    if let Some(bytes) = cut_after {
        body.truncate(bytes);
        peer.ending.plan(End::Cut);
    }
    let chunked = answer.headers.iter().any(|(name, _)| name == "Content-Encoding");
    let payload =
        Payload { data: Some(body).filter(|body| !body.is_empty()), chunked, unfinished: cut_after.is_some(), ending: peer.ending.clone() };
    let mut response = response.body(payload).unwrap_or_else(|_| {
        let ending = peer.ending.clone();
        Response::new(Payload { data: None, chunked: false, unfinished: false, ending })
    });
    if !(100..=999).contains(&answer.status) {
        *response.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
    }
    response
}

/// The headers every front end adds.
fn add_usual_headers(state: &State, request: &Request, answer: &mut Answer) {
    let date = httpdate::fmt_http_date(state.clock.wall().max(SystemTime::UNIX_EPOCH));
    let usual = [
        ("Cache-Control", "no-cache"),
        ("Pragma", "no-cache"),
        ("Via", "1.1 SFBFE02.contoso.local RtcExt"),
        ("Expires", "-1"),
        ("Vary", "Accept-Encoding"),
        ("Server", "Microsoft-IIS/8.5"),
        ("X-MS-Server-Fqdn", token::SERVER),
        ("X-AspNet-Version", "4.0.30319"),
        ("X-Powered-By", "ASP.NET"),
        ("X-Content-Type-Options", "nosniff"),
        ("Date", &date),
    ];
    for (name, value) in usual {
        if !answer.has_header(name) {
            answer.headers.push((name.into(), value.into()));
        }
    }
    if request.secure {
        answer.headers.push(("Strict-Transport-Security".into(), "max-age=31536000; includeSubDomains".into()));
    }
}

fn record(request: &Request, route: &str) -> RequestRecord {
    RequestRecord {
        sequence: 0,
        connection: request.connection,
        tls: request.secure,
        method: request.method.clone(),
        target: request.target.clone(),
        host: request.host().to_owned(),
        route: route.to_owned(),
        status: 0,
        token: request.header("authorization").is_some(),
        headers: request.headers.clone(),
        body: request.body.clone(),
    }
}
