//! Many requests in few round trips: in batches as large as the server allows, or side by side where it takes none. What
//! follows from each outcome is decided in [`batch_plan`](super::batch_plan).

use super::Access;
use super::batch_plan::{Batch, Fate, Kind, MOST_PARTS, Part, Plan, Refusal, Step};
use crate::clock;
use crate::error::{Error, Result, Status};
use crate::logging;
use crate::recovery::{self, Effect, Outcome};
use crate::resource::batch::PartAnswer;
use crate::resource::navigation::Document;
use crate::resource::{Resource, address_key, answer, batch};
use crate::secret::Secret;
use crate::transport::{Answer, Body, Call, Method, Request};
use serde::de::IgnoredAny;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use url::Url;
use uuid::Uuid;

/// How long it is remembered that the server takes no batches, or smaller ones.
const MEMORY: Duration = Duration::from_secs(600);

/// What the server was found to take at a time.
#[derive(Default)]
pub(super) struct Learned(Mutex<Option<Fewer>>);

struct Fewer {
    generation: u64,
    most: usize,
    until: Duration,
}

impl Learned {
    /// The most parts of a batch; where it is one, there are no batches.
    fn most(&self, generation: u64) -> usize {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|known| known.generation == generation && clock::now() < known.until).map_or(MOST_PARTS, |known| known.most)
    }

    fn learn(&self, generation: u64, most: usize) {
        let until = clock::now() + MEMORY;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Fewer { generation, most, until });
    }
}

/// Takes what becomes of requests, each with its place. While others are under way it asks nothing of the server: what it
/// waited for could wait for those.
type Take<'t> = dyn FnMut(usize, Result<Answer>) + 't;

/// Requests that are sent together, and what became of each so far.
struct Round<'r> {
    requests: &'r [Request],
    /// Answers that stand are handed on at once, so that they are not held together.
    take: &'r mut Take<'r>,
    found: Vec<Found>,
    /// The last refusal of a batch, for those that were never sent because of it; and its HTTP status, where that was no page.
    refusal: Option<Error>,
    refused_with: Option<u16>,
    /// The last answer that refused the token, which counted so many tokens before.
    token_refusal: Option<Answer>,
    generation: u64,
    renewed: bool,
    /// Which were sent before, and may have been done without an answer.
    lost_before: Vec<bool>,
}

/// What became of a request.
enum Found {
    Nothing,
    /// For now; it may be sent again.
    Failed(Error),
    /// The same, with an answer that may yet stand; what it means for the application is found out in the end.
    Refused(Refused),
    HandedOn,
}

/// A refusal without its answer, which may be long.
struct Refused {
    error: Error,
    /// The answer, where it may mean that an earlier attempt has deleted what was to be deleted.
    deleted: Option<Answer>,
}

impl Refused {
    fn of(request: &Request, answer: Answer) -> Refused {
        let error = if answer.is_success() { answer::foreign(request, &answer) } else { answer::refusal(request, &answer) };
        let deleted = request.method == Method::DELETE && answer.attempts.lost_before && matches!(answer.status, 404 | 410);
        Refused { error, deleted: deleted.then_some(answer) }
    }
}

impl Round<'_> {
    fn fail(&mut self, places: &[usize], error: &Error) {
        places.iter().for_each(|at| self.found[*at] = Found::Failed(error.clone()));
    }

    /// Hands on what was not before. Where a request was never sent, it is because of the last refusal or the call's end.
    fn end(self, access: &Access<'_>) {
        for ((at, found), request) in self.found.into_iter().enumerate().zip(self.requests) {
            let error = match found {
                Found::HandedOn => continue,
                Found::Refused(Refused { error, deleted }) => {
                    let error = access.judge(request, error);
                    // The attempt whose answer was lost has deleted it.
                    if let Some(answer) = deleted.filter(|_| !error.details().application_gone) {
                        (self.take)(at, Ok(answer.deleted_before()));
                        continue;
                    }
                    error
                }
                Found::Failed(error) => error,
                Found::Nothing => self.refusal.clone().unwrap_or_else(|| access.call.timed_out()),
            };
            (self.take)(at, Err(error));
        }
    }

    /// What became of one request, whose answer stands unless it is to be sent again.
    fn take(&mut self, at: usize, mut answer: Answer) -> Fate {
        answer.attempts.lost_before |= self.lost_before[at];
        let request = &self.requests[at];
        if answer::refuses_token(&answer) {
            self.found[at] = Found::Failed(token_refused(request, &answer, self.renewed));
            self.token_refusal = Some(answer);
            return Fate::TokenRefused;
        }
        if matches!(answer.status, 429 | 503) {
            self.found[at] = Found::Failed(answer::refusal(request, &answer));
            return Fate::Busy(answer.retry_after());
        }
        let success = answer::stands(&answer);
        if success {
            self.found[at] = Found::HandedOn;
            (self.take)(at, Ok(answer));
        } else {
            self.found[at] = Found::Refused(Refused::of(request, answer));
        }
        Fate::Answered { success }
    }

    /// Whether an answer shows that it is not batches alone that fail, and perhaps only that this resource does as well.
    fn alike(&self, answer: &Answer) -> Option<Fate> {
        let both_fail = answer.status >= 500 && self.refused_with.is_none_or(|status| status >= 500);
        let is_page = answer::is_page(answer);
        if !is_page && !both_fail && self.refused_with != Some(answer.status) {
            return None;
        }
        Some(Fate::Alike { perhaps_own: !is_page && !matches!(answer.status, 502..=504) })
    }
}

impl Access<'_> {
    /// Reads several resources. The answers are in the order of the addresses, each with its own failure.
    pub fn get_all(&self, urls: &[Url]) -> Vec<Result<Document>> {
        let mut all: Vec<Option<Result<Document>>> = urls.iter().map(|_| None).collect();
        self.get_each(urls, &mut |at, document| all[at] = Some(document));
        all.into_iter().map(|one| one.unwrap_or_else(|| Err(self.call.timed_out()))).collect()
    }

    /// Reads several resources, and hands on each with its place as soon as it is there, in any order. Whoever drops what is
    /// handed on never holds more than a few.
    pub fn get_each(&self, urls: &[Url], take: &mut dyn FnMut(usize, Result<Document>)) {
        const SOME: usize = 10_000;
        for (chunk, some) in urls.chunks(SOME).enumerate() {
            let requests: Vec<Request> = some.iter().cloned().map(Request::get).collect();
            self.exchange_each(&requests, &mut |at, answer| {
                take(chunk * SOME + at, answer.and_then(|answer| self.document(&requests[at], &answer)));
            });
        }
    }

    /// Sends several requests of any kind, of which none waits for another. The answers are in their order; a refusal is
    /// a failure in its place.
    pub fn send_all(&self, requests: &[Request]) -> Vec<Result<Answer>> {
        let mut all: Vec<Option<Result<Answer>>> = requests.iter().map(|_| None).collect();
        self.exchange_each(requests, &mut |at, answer| {
            all[at] = Some(answer.and_then(|answer| self.taken(&requests[at], answer)));
        });
        all.into_iter().map(|one| one.unwrap_or_else(|| Err(self.call.timed_out()))).collect()
    }

    /// Any HTTP status is an answer. What the call had no time for carries a timeout.
    fn exchange_each(&self, requests: &[Request], take: &mut Take<'_>) {
        let found: Vec<_> = requests.iter().map(|request| self.own(request).err().map_or(Found::Nothing, Found::Failed)).collect();
        let open: Vec<usize> = (0..requests.len()).filter(|at| matches!(found[*at], Found::Nothing)).collect();
        let lost_before = vec![false; requests.len()];
        let (refusal, refused_with, token_refusal) = (None, None, None);
        let mut round = Round { requests, take, found, refusal, refused_with, token_refusal, generation: 0, renewed: false, lost_before };
        let link = Resource::parse(&self.session.document.text)
            .ok()
            .and_then(|resource| resource.link("batch").and_then(|href| self.resolve(href).ok()))
            .filter(|link| self.is_own(link));
        let most = self.application.batches.most(self.session.generation);
        match link {
            Some(link) if open.len() > 1 && most > 1 => self.send_in_batches(&link, open, most, &mut round),
            _ => {
                self.send_side_by_side(self.call, &open, requests, &mut |at, answer| match answer {
                    Ok(answer) if answer::stands(&answer) => {
                        round.found[at] = Found::HandedOn;
                        (round.take)(at, Ok(answer));
                    }
                    Ok(answer) => round.found[at] = Found::Refused(Refused::of(&requests[at], answer)),
                    Err(error) => round.found[at] = Found::Failed(error),
                });
            }
        }
        round.end(self);
    }

    fn send_side_by_side(&self, call: &Call, places: &[usize], requests: &[Request], take: &mut Take<'_>) {
        let requests: Vec<Request> = places.iter().map(|at| requests[*at].clone()).collect();
        self.application.authority.send_each(call, &requests, &mut |at, answer| {
            self.note(&answer);
            take(places[at], answer);
        });
    }

    /// Does what the plan says until every request has an outcome. Repeating is the plan's, not the transport's.
    fn send_in_batches(&self, link: &Url, open: Vec<usize>, most: usize, round: &mut Round<'_>) {
        let part = |request: &Request| Part { is_get: request.method == Method::GET, is_safe: request.effect == Effect::Idempotent };
        let mut plan = Plan::new(round.requests.iter().map(part).collect(), open, self.call.retries, most);
        let call = self.call.without_retries();
        loop {
            match plan.next(self.application.transport.limit(), self.application.transport.limit_is_reduced()) {
                Step::Batches(batches) => {
                    round.generation = self.application.authority.generation(link);
                    let messages: Vec<Request> = batches.iter().map(|places| batch_request(link, &pick(round.requests, places))).collect();
                    let mut refused = Vec::new();
                    self.application.authority.send_each(&call, &messages, &mut |at, answer| {
                        self.note(&answer);
                        match answer {
                            Ok(answer) if !answer.is_success() => refused.push((at, answer)),
                            answer => {
                                let outcome = self.outcome(&messages[at], answer, &batches[at], round);
                                plan.batch(batches[at].clone(), outcome);
                            }
                        }
                    });
                    for (at, answer) in refused {
                        let outcome = self.outcome(&messages[at], Ok(answer), &batches[at], round);
                        plan.batch(batches[at].clone(), outcome);
                    }
                }
                Step::Singles(places) => {
                    self.send_side_by_side(&call, &places, round.requests, &mut |at, answer| {
                        plan.single(at, single_fate(at, answer, plan.tries(at), round));
                    });
                }
                Step::Renew(places) => {
                    round.renewed = true;
                    let renewed = round.token_refusal.take().map_or(Ok(()), |refusal| {
                        self.application.authority.replace_token(self.call, &round.requests[places[0]], round.generation, &refusal)
                    });
                    if let Err(error) = &renewed {
                        round.fail(&places, error);
                    }
                    plan.renewed(renewed.is_ok());
                }
                Step::Wait { pause, asked } => {
                    let wait = pause.max(asked.unwrap_or_default());
                    // To begin a wait that the call has no time for would help nobody.
                    let ended = if clock::wait(wait) >= self.call.left() {
                        let is_asked = clock::wait(asked.unwrap_or_default()) >= self.call.left();
                        Some(if is_asked { throttled } else { |refusal| refusal } as fn(Error) -> Error)
                    } else {
                        None
                    };
                    if let Some(told) = ended {
                        for at in plan.give_up() {
                            let refusal = match &round.found[at] {
                                Found::Failed(refusal) => Some(refusal.clone()),
                                _ => round.refusal.clone(),
                            };
                            round.found[at] = refusal.map_or(Found::Nothing, |refusal| Found::Failed(told(refusal)));
                        }
                    } else if let Err(ended) = self.application.transport.pause(self.call, wait) {
                        let open = plan.give_up();
                        round.fail(&open, &ended);
                    }
                }
                Step::Done => break,
            }
        }
        if let Some(most) = plan.learned() {
            match (most, &round.refusal) {
                (1, Some(error)) => {
                    logging::warn!("the server's batches do not work, and requests go one by one for ten minutes ({error})")
                }
                _ => logging::info!("the server takes batches of {most} parts, which is remembered for ten minutes"),
            }
            self.application.batches.learn(self.session.generation, most);
        }
    }

    /// What became of a batch. The parts of its answer go to their places; a refusal goes to all of them.
    fn outcome(&self, batch: &Request, answer: Result<Answer>, places: &[usize], round: &mut Round<'_>) -> Batch {
        let refused = match answer {
            Ok(answer) if answer.is_success() => match multipart(batch, &answer) {
                Ok(parts) => return Batch::Parts(self.spread(batch, &answer, parts, places, round)),
                Err(error) => RefusedBatch { error, kind: Kind::Unusable, none_ran: false, status: None },
            },
            Ok(answer) => self.refused(batch, answer, round),
            Err(error) if error.details().too_many_parts => return Batch::Unsent,
            Err(error) => {
                let stage = error.details().stage;
                let kind = match error.status() {
                    // Another server is looked for.
                    _ if self.call.elsewhere() && recovery::was_given_up_early(stage) => Kind::Final,
                    Status::Network => Kind::Lost(None),
                    Status::Protocol => Kind::Unusable,
                    _ => Kind::Final,
                };
                let none_ran = stage.is_some_and(|stage| !Outcome::Failed(stage).may_have_been_processed());
                RefusedBatch { error, kind, none_ran, status: None }
            }
        };
        let RefusedBatch { error, kind, none_ran, status } = refused;
        logging::info!("a batch of {} requests was refused: {error}", places.len());
        round.fail(places, &error);
        if !none_ran {
            places.iter().for_each(|at| round.lost_before[*at] = true);
        }
        (round.refusal, round.refused_with) = (Some(error), status);
        Batch::Refused(Refusal { kind, none_ran })
    }

    fn refused(&self, batch: &Request, answer: Answer, round: &mut Round<'_>) -> RefusedBatch {
        let status = (!answer::is_page(&answer)).then_some(answer.status);
        if answer::refuses_token(&answer) {
            let error = token_refused(batch, &answer, round.renewed);
            round.token_refusal = Some(answer);
            return RefusedBatch { error, kind: Kind::TokenRefused, none_ran: true, status };
        }
        let error = self.judge(batch, answer::refusal(batch, &answer));
        let kind = match answer.status {
            _ if error.details().application_gone => Kind::Final,
            429 => Kind::Busy(answer.retry_after()),
            400 | 413 => Kind::Unacceptable { too_large: answer.status == 413 },
            408 | 502..=504 => Kind::Lost(answer.retry_after()),
            _ => Kind::Unusable,
        };
        let outcome = error.details().said.map(|said| Outcome::Answered { said, retry_after: None });
        let none_ran = outcome.is_some_and(|outcome| !outcome.may_have_been_processed());
        RefusedBatch { error, kind, none_ran, status }
    }

    /// The parts of a batch's answer, each to its place.
    fn spread(&self, batch: &Request, answer: &Answer, parts: batch::Answers<'_>, places: &[usize], round: &mut Round<'_>) -> Vec<Fate> {
        let too_few = parts.parts.len() < places.len();
        let missing = || {
            let text = format!("the batch of {} requests has {} answers, and none for this one", places.len(), parts.parts.len());
            answer::with_answer(Error::protocol(text), batch, answer)
        };
        let missing = too_few.then(missing);
        if let Some(error) = missing.as_ref().filter(|_| parts.has_end && !self.is_in_order(&parts.parts, places, round.requests)) {
            // Which of them it leaves out is not to be known.
            round.fail(places, error);
            return vec![Fate::Missing; places.len()];
        }
        let last = parts.parts.len().wrapping_sub(1);
        let may_be_cut = too_few && !parts.has_end;
        let mut fates = Vec::with_capacity(places.len());
        for (index, (at, part)) in places.iter().zip(parts.parts).enumerate() {
            let request = &round.requests[*at];
            let is_cut = may_be_cut && index == last && !part.as_ref().is_ok_and(is_whole);
            fates.push(match part {
                _ if is_cut => {
                    round.fail(&[*at], &answer::with_answer(Error::protocol("the answer in a batch is cut off"), request, answer));
                    Fate::Missing
                }
                Ok(part) => round.take(*at, answer.within(request.url.clone(), part.status, &part.headers, part.body)),
                Err(error) => {
                    round.fail(&[*at], &answer::with_answer(error, request, answer));
                    Fate::Final
                }
            });
        }
        if let Some(error) = missing {
            round.fail(&places[fates.len()..], &error);
            fates.resize(places.len(), Fate::Missing);
        }
        fates
    }

    /// Whether the answers show by their own addresses that they are those of the first requests.
    fn is_in_order(&self, parts: &[Result<PartAnswer<'_>>], places: &[usize], requests: &[Request]) -> bool {
        let key = |url: &Url| {
            let mut url = url.clone();
            url.set_query(None);
            address_key(&url)
        };
        let own = |part: &PartAnswer<'_>| {
            let text = std::str::from_utf8(part.body).ok()?;
            let resource = Resource::parse(text).ok()?;
            self.resolve(resource.link("self")?).ok()
        };
        let shown = parts.iter().zip(places).map(|(part, at)| {
            let part = part.as_ref().ok().filter(|part| (200..300).contains(&part.status))?;
            Some(key(&own(part)?) == key(&requests[*at].url))
        });
        let shown: Vec<bool> = shown.flatten().collect();
        // Were one left out, all after it would have another's place.
        parts.last().is_some_and(|part| part.as_ref().is_ok_and(|part| own(part).is_some())) && shown.iter().all(|fits| *fits)
    }
}

/// A batch without answers for its parts.
struct RefusedBatch {
    error: Error,
    kind: Kind,
    none_ran: bool,
    /// Of an answer that was no page.
    status: Option<u16>,
}

/// What became of a request that was sent by itself; some are tried to learn what a refusal of batches is about.
fn single_fate(at: usize, answer: Result<Answer>, is_try: bool, round: &mut Round<'_>) -> Fate {
    match answer {
        Ok(answer) => {
            let alike = if is_try { round.alike(&answer) } else { None };
            let fate = round.take(at, answer);
            match fate {
                Fate::TokenRefused => Fate::Final,
                fate => alike.unwrap_or(fate),
            }
        }
        Err(error) => {
            let fate = if error.status() == Status::Network { Fate::Missing } else { Fate::Final };
            round.lost_before[at] |= fate == Fate::Missing;
            round.found[at] = Found::Failed(error);
            fate
        }
    }
}

/// Whether the end of a part is there for sure.
fn is_whole(part: &PartAnswer<'_>) -> bool {
    serde_json::from_slice::<IgnoredAny>(part.body).is_ok()
}

fn pick<'r>(requests: &'r [Request], places: &[usize]) -> Vec<&'r Request> {
    places.iter().map(|at| &requests[*at]).collect()
}

/// The failure of a request whose token was refused.
fn token_refused(request: &Request, answer: &Answer, was_renewed: bool) -> Error {
    let mut error = answer::refusal(request, answer);
    error.details_mut().status = Status::AuthenticationFailed;
    if was_renewed { error.while_doing("a fresh token was refused, too") } else { error }
}

/// A refusal whose wait the call has no time for.
fn throttled(mut refusal: Error) -> Error {
    if refusal.details().retry_after_ms.is_none() {
        return refusal;
    }
    refusal.details_mut().status = Status::Throttled;
    refusal.while_doing("the server asks for a longer wait than the call may take")
}

fn batch_request(link: &Url, requests: &[&Request]) -> Request {
    let boundary = Uuid::new_v4().to_string();
    let text = Secret::new(batch::write(requests, &boundary));
    let body = Body { media_type: format!("multipart/batching;boundary={boundary}").into(), text, secret: false };
    let effect = requests.iter().map(|request| request.effect).max().unwrap_or(Effect::Idempotent);
    let mut batch = Request::post(link.clone(), body, effect).with("accept", "multipart/batching");
    batch.parts = requests.len();
    batch.paced = true;
    batch
}

/// The parts of an answer to a batch.
fn multipart<'a>(batch: &Request, answer: &'a Answer) -> Result<batch::Answers<'a>> {
    let media_type = answer.header("content-type").unwrap_or_default();
    if !media_type.to_ascii_lowercase().starts_with("multipart/") {
        return Err(answer::foreign(batch, answer));
    }
    batch::read(media_type, &answer.body).map_err(|error| answer::with_answer(error, batch, answer))
}
