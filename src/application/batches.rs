//! Many requests in few round trips: in batches as large as the server allows, or side by side where it has none.

use super::Access;
use crate::clock;
use crate::error::{Error, Result, Status};
use crate::recovery::Effect;
use crate::resource::navigation::Document;
use crate::resource::{Resource, answer, batch};
use crate::secret::Secret;
use crate::transport::{Answer, Body, Request};
use std::time::Duration;
use url::Url;
use uuid::Uuid;

/// The most parts of one batch: the limit that servers have by default.
const MOST_PARTS: usize = 100;
/// How often a batch that was turned away whole is tried in smaller ones: down from a hundred parts to one.
const HALVINGS: usize = 7;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Requests that are sent together, and what became of each.
struct Round<'r> {
    requests: &'r [Request],
    found: Vec<Option<Result<Answer>>>,
    /// Those that are still to be sent, by their place.
    open: Vec<usize>,
    /// Whether some are to be sent again, of which each has its refusal by now.
    turned_away: Option<TurnedAway>,
}

/// The server was too busy.
struct TurnedAway {
    /// The longest wait that it asked for.
    asked: Option<Duration>,
    /// Whether a batch was turned away as a whole, which may be too large.
    whole: bool,
}

impl Round<'_> {
    /// None of those that are open is sent again; how their refusals are told.
    fn give_up(&mut self, told: impl Fn(Error) -> Error) {
        for at in self.open.drain(..) {
            if let Some(Err(refusal)) = self.found[at].take() {
                self.found[at] = Some(Err(told(refusal)));
            }
        }
    }

    /// The server was too busy for these, and said so in this answer.
    fn turn_away(&mut self, places: &[usize], error: &Error, asked: Option<Duration>, whole: bool) {
        self.open.extend(places);
        places.iter().for_each(|at| self.found[*at] = Some(Err(error.clone())));
        let before = self.turned_away.take().unwrap_or(TurnedAway { asked, whole });
        self.turned_away = Some(TurnedAway { asked: asked.max(before.asked), whole: whole || before.whole });
    }
}

impl Access<'_> {
    /// Reads several resources. The answers are in the order of the addresses, each with its own failure.
    pub fn get_all(&self, urls: &[Url]) -> Vec<Result<Document>> {
        let requests: Vec<Request> = urls.iter().cloned().map(Request::get).collect();
        let answers = self.exchange_all(&requests);
        requests.iter().zip(answers).map(|(request, answer)| answer.and_then(|answer| self.document(request, &answer))).collect()
    }

    /// Sends several requests of any kind, of which none waits for another. The answers are in their order; a refusal is
    /// a failure in its place.
    pub fn send_all(&self, requests: &[Request]) -> Vec<Result<Answer>> {
        let answers = self.exchange_all(requests);
        requests.iter().zip(answers).map(|(request, answer)| answer.and_then(|answer| self.taken(request, answer))).collect()
    }

    /// Any HTTP status is an answer. What the call had no time for carries a timeout.
    fn exchange_all(&self, requests: &[Request]) -> Vec<Result<Answer>> {
        let found: Vec<_> = requests.iter().map(|request| self.own(request).err().map(Err)).collect();
        let open = (0..requests.len()).filter(|at| found[*at].is_none()).collect();
        let mut round = Round { requests, found, open, turned_away: None };
        let link = Resource::parse(&self.session.document.text)
            .ok()
            .and_then(|resource| resource.link("batch").and_then(|href| self.resolve(href).ok()))
            .filter(|link| self.is_own(link));
        match link {
            Some(link) if round.open.len() > 1 => self.send_in_batches(&link, &mut round),
            _ => {
                let open = std::mem::take(&mut round.open);
                self.send_side_by_side(&open, &mut round);
            }
        }
        round.found.into_iter().map(|one| one.unwrap_or_else(|| Err(self.call.timed_out()))).collect()
    }

    fn send_side_by_side(&self, places: &[usize], round: &mut Round<'_>) {
        let requests: Vec<Request> = places.iter().map(|at| round.requests[*at].clone()).collect();
        let answers = self.application.authority.send_all(self.call, &requests);
        for (at, answer) in places.iter().zip(answers) {
            round.found[*at] = Some(answer);
        }
    }

    /// Rounds of batches. What was turned away goes into the next round.
    fn send_in_batches(&self, link: &Url, round: &mut Round<'_>) {
        let (mut smaller, mut again) = (self.call.retries + HALVINGS, self.call.retries);
        let mut pause = FIRST_PAUSE;
        while !round.open.is_empty() {
            let size = self.application.transport.limit().min(MOST_PARTS);
            let chunks: Vec<Vec<usize>> = round.open.chunks(size).map(<[usize]>::to_vec).collect();
            let batches: Vec<Request> =
                chunks.iter().map(|chunk| batch_request(link, &chunk.iter().map(|at| &round.requests[*at]).collect::<Vec<_>>())).collect();
            let answers = self.application.authority.send_all(self.call, &batches);
            round.open.clear();
            for ((chunk, answer), batch) in chunks.iter().zip(answers).zip(&batches) {
                match answer {
                    Err(error) => chunk.iter().for_each(|at| round.found[*at] = Some(Err(error.clone()))),
                    Ok(answer) if answer.status == 429 => {
                        round.turn_away(chunk, &answer::refusal(batch, &answer), answer.retry_after(), true);
                    }
                    Ok(answer) if matches!(answer.status, 404 | 405 | 415 | 501) => {
                        let error = self.judge(batch, answer::refusal(batch, &answer));
                        if error.details().application_gone {
                            chunk.iter().for_each(|at| round.found[*at] = Some(Err(error.clone())));
                        } else {
                            // It offers batches and does not take them.
                            self.send_side_by_side(chunk, round);
                        }
                    }
                    Ok(answer) => self.spread(batch, &answer, chunk, round),
                }
            }
            let Some(TurnedAway { asked, whole }) = round.turned_away.take() else { continue };
            let patience = if whole { &mut smaller } else { &mut again };
            let Some(left) = patience.checked_sub(1) else { return };
            *patience = left;
            let wait = pause.max(asked.unwrap_or_default());
            // To begin a wait that the call has no time for would help nobody.
            if clock::wait(wait) >= self.call.left() {
                return round.give_up(throttled);
            }
            if let Err(ended) = self.application.transport.pause(self.call, wait) {
                return round.give_up(|_| ended.clone());
            }
            pause *= 2;
        }
    }

    /// The parts of a batch's answer, each to its place. A part that the server was too busy for stays open.
    fn spread(&self, batch: &Request, answer: &Answer, chunk: &[usize], round: &mut Round<'_>) {
        let parts = multipart(batch, answer).map_err(|error| self.judge(batch, error)).and_then(|parts| {
            if parts.len() >= chunk.len() {
                return Ok(parts);
            }
            let error = Error::protocol(format!("the batch of {} requests has {} answers", chunk.len(), parts.len()));
            Err(answer::with_answer(error, batch, answer))
        });
        match parts {
            Err(error) => chunk.iter().for_each(|at| round.found[*at] = Some(Err(error.clone()))),
            Ok(parts) => {
                for (at, part) in chunk.iter().zip(parts) {
                    let own = &round.requests[*at];
                    let inner = answer.within(own.url.clone(), part.status, &part.headers, part.body);
                    if matches!(inner.status, 429 | 503) {
                        round.turn_away(&[*at], &answer::refusal(own, &inner), inner.retry_after(), false);
                    } else {
                        round.found[*at] = Some(Ok(inner));
                    }
                }
            }
        }
    }
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
fn multipart<'a>(batch: &Request, answer: &'a Answer) -> Result<Vec<batch::PartAnswer<'a>>> {
    if !answer.is_success() {
        return Err(answer::refusal(batch, answer));
    }
    let media_type = answer.header("content-type").unwrap_or_default();
    if !media_type.to_ascii_lowercase().starts_with("multipart/") {
        return Err(answer::foreign(batch, answer));
    }
    let text = std::str::from_utf8(&answer.body).map_err(|_| answer::foreign(batch, answer))?;
    batch::read(media_type, text).map_err(|error| answer::with_answer(error, batch, answer))
}
