//! One request and its answer, or what was ordered to happen instead.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::Response;
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};

use super::arrival::Arrival;
use super::parking;
use super::wire::{End, Ending, Payload};
use crate::fault::FaultKind;
use crate::handlers::token;
use crate::http::{Answer, Request};
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
    let arrived = Instant::now();
    // What arrived beside it has its time of arrival before this one is worked at.
    tokio::task::yield_now().await;
    let arrival = Arrival::of(&mut lock(&peer.state), request);
    if !arrival.delay.is_zero() {
        tokio::time::sleep(arrival.delay).await;
    }
    match arrival.fault {
        Some(FaultKind::Hang) => std::future::pending().await,
        Some(FaultKind::Drop) => return Err(Unanswered),
        Some(FaultKind::Reset) => {
            peer.ending.reset();
            return Err(Unanswered);
        }
        _ => {}
    }
    let mut answer = if arrival.is_pending_get() {
        parking::answer(peer, &arrival, request).await?
    } else {
        arrival.answer(&mut lock(&peer.state), request)
    };
    if matches!(arrival.fault, Some(FaultKind::LoseAnswer)) {
        return Err(Unanswered);
    }
    if !matches!(arrival.fault, Some(FaultKind::Respond { .. } | FaultKind::HtmlPage { .. })) {
        add_usual_headers(&lock(&peer.state), request, &mut answer);
    }
    let response = finish(peer, request, answer, arrival.fault.as_ref());
    // What this program takes to find the answer is no part of the way there and back.
    wait_until(arrived, arrival.delay.saturating_add(arrival.latency)).await;
    Ok(response)
}

/// Waits until so long after then, more exactly than to the next millisecond, which is what the runtime's timer can.
async fn wait_until(then: Instant, after: Duration) {
    if after.is_zero() {
        return;
    }
    const ROUGH: Duration = Duration::from_millis(2);
    let left = move || after.saturating_sub(then.elapsed());
    tokio::time::sleep(left().saturating_sub(ROUGH)).await;
    if !left().is_zero() {
        // Where it cannot run the answer is a little early.
        let _ = tokio::task::spawn_blocking(move || std::thread::sleep(left())).await;
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
    let payload = Payload {
        data: Some(body).filter(|body| !body.is_empty()),
        chunked: answer.chunked,
        unfinished: cut_after.is_some(),
        ending: peer.ending.clone(),
    };
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
    let date = state.clock.http_date(Duration::ZERO);
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
    // What may be kept does not forbid it in an older tongue.
    let cacheable = answer.has_header("Expires");
    for (name, value) in usual {
        let is_there = answer.has_header(name) || (cacheable && name == "Pragma");
        if !is_there {
            answer.headers.push((name.into(), value.into()));
        }
    }
    if request.secure {
        answer.headers.push(("Strict-Transport-Security".into(), "max-age=31536000; includeSubDomains".into()));
    }
}
