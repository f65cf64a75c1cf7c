//! What becomes of a request: on its arrival, and when it is to be answered.

use std::time::Duration;

use crate::admission::Ticket;
use crate::errors;
use crate::fault::{Asked, FaultKind, Mishap};
use crate::handlers::{self, batch, events, token};
use crate::http::{Answer, JSON, Request};
use crate::record::RequestRecord;
use crate::routes::{self, Kind, Route};
use crate::state::State;

/// A request that has arrived.
pub(crate) struct Arrival {
    route: Route,
    /// Its number in the journal.
    pub(crate) sequence: u64,
    /// How long nobody works at it, as was ordered.
    pub(crate) delay: Duration,
    /// How long after that its answer is there.
    pub(crate) latency: Duration,
    /// What was ordered to go wrong.
    pub(crate) fault: Option<FaultKind>,
    work: Work,
    // The request is under way as long as this is there.
    _ticket: Option<Ticket>,
}

enum Work {
    /// One resource is asked.
    Single,
    /// Several are, by these requests.
    Batch(Vec<Step>),
    /// None is, as too much is under way.
    TooMuch,
}

/// A part of a batch, and what was ordered for it.
struct Step {
    request: Request,
    sequence: u64,
    fault: Option<FaultKind>,
}

impl Arrival {
    /// Records a request, and decides what is to happen to it.
    pub(crate) fn of(state: &mut State, request: &Request) -> Arrival {
        state.catch_up();
        let route = routes::route(state, request);
        let mishap = take_fault(state, request, &route, false);
        let sequence = state.journal.add(record(request, &route, None), state.settings.switches.kept_requests);
        let mut arrival = Arrival {
            route,
            sequence,
            delay: Duration::from_millis(mishap.delay_ms),
            latency: state.settings.latency,
            fault: mishap.kind,
            work: Work::Single,
            _ticket: None,
        };
        arrival.judge(state, request);
        state.signals.raise();
        arrival
    }

    /// Finds out what is to be done for it, and whether that may be.
    fn judge(&mut self, state: &mut State, request: &Request) {
        if !handlers::is_the_users(state, &self.route, request) {
            return;
        }
        // What is no batch is told so later, by its handler.
        let parts = if self.route.kind == Kind::Batch { batch::read(state, request).unwrap_or_default() } else { Vec::new() };
        match state.under_way.admit(parts.len().max(1), state.settings.switches.max_outstanding) {
            None => self.work = Work::TooMuch,
            Some(ticket) => {
                self._ticket = Some(ticket);
                if !parts.is_empty() && self.is_asked() && handlers::enter(state, &self.route, request).is_ok() {
                    self.begin(state, parts);
                }
            }
        }
    }

    /// Whether the resource itself is to answer.
    fn is_asked(&self) -> bool {
        !self.fault.as_ref().is_some_and(FaultKind::replaces_the_answer)
    }

    /// Whether it is answered when there is something to tell.
    pub(crate) fn is_pending_get(&self) -> bool {
        self.route.kind == Kind::Events && matches!(self.work, Work::Single) && self.is_asked()
    }

    /// Lets a P-GET in to wait, or answers it at once.
    pub(crate) fn let_in(&self, state: &mut State, request: &Request) -> Result<events::Place, Answer> {
        events::arrive(state, &self.route, request)
    }

    /// Notes how it is answered.
    pub(crate) fn note(&self, state: &mut State, answer: &Answer) {
        state.journal.answered(self.sequence, answer.status);
        state.signals.raise();
    }

    fn begin(&mut self, state: &mut State, parts: Vec<Request>) {
        let mut delay = 0;
        let mut steps = Vec::new();
        for request in parts {
            let route = routes::route(state, &request);
            let mishap = take_fault(state, &request, &route, true);
            let sequence = state.journal.add(record(&request, &route, Some(self.sequence)), state.settings.switches.kept_requests);
            // They are worked at side by side.
            delay = delay.max(mishap.delay_ms);
            steps.push(Step { request, sequence, fault: mishap.kind });
        }
        self.delay = self.delay.saturating_add(Duration::from_millis(delay));
        self.work = Work::Batch(steps);
    }

    /// What the resource answers, or what a fault says instead.
    pub(crate) fn answer(&self, state: &mut State, request: &Request) -> Answer {
        state.catch_up();
        // By now it may lead elsewhere.
        let route = routes::route(state, request);
        let answer = answer_or_fail(state, &route, request, self.fault.as_ref(), |state| match &self.work {
            Work::Single => handlers::answer(state, &route, request),
            Work::TooMuch => errors::usual(429),
            Work::Batch(steps) => match handlers::enter(state, &route, request) {
                Err(refusal) => refusal,
                Ok(()) => batch::answer(state, steps.iter().map(Step::answer)),
            },
        });
        self.note(state, &answer);
        answer
    }
}

impl Step {
    /// To be called when its turn has come.
    fn answer(&self) -> impl FnOnce(&mut State) -> Answer {
        |state| {
            let (route, fault) = (routes::route(state, &self.request), self.fault.as_ref());
            let mut answer = answer_or_fail(state, &route, &self.request, fault, |state| batch::part(state, &route, &self.request));
            match fault {
                Some(FaultKind::Truncate { bytes }) => answer.body.truncate(*bytes),
                Some(FaultKind::WrongType { content_type }) => answer.set_header("Content-Type", content_type),
                Some(FaultKind::Respond { .. } | FaultKind::HtmlPage { .. }) => {}
                _ if !answer.has_header("Cache-Control") => answer.headers.insert(0, ("Cache-Control".into(), "no-cache".into())),
                _ => {}
            }
            state.journal.answered(self.sequence, answer.status);
            answer
        }
    }
}

fn take_fault(state: &mut State, request: &Request, route: &Route, batched: bool) -> Mishap {
    let (method, target, host) = (request.method.as_str(), request.target.as_str(), request.host_name());
    state.faults.take(&Asked { method, route: route.kind.name(), target, host, batched })
}

/// What a fault says, or else what the resource answers.
fn answer_or_fail(
    state: &mut State,
    route: &Route,
    request: &Request,
    fault: Option<&FaultKind>,
    ask: impl FnOnce(&mut State) -> Answer,
) -> Answer {
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
        _ => ask(state),
    }
}

fn record(request: &Request, route: &Route, batched: Option<u64>) -> RequestRecord {
    RequestRecord {
        sequence: 0,
        connection: request.connection,
        tls: request.secure,
        method: request.method.clone(),
        target: request.target.clone(),
        host: request.host().to_owned(),
        route: route.kind.name().to_owned(),
        status: 0,
        token: request.header("authorization").is_some(),
        headers: request.headers.clone(),
        body: request.body.clone(),
        batched,
    }
}
