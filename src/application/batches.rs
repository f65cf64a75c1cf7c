//! Many requests in few round trips: in batches as large as the server allows, or side by side where it has none.

use super::Access;
use crate::clock;
use crate::error::{Error, Result, Status};
use crate::recovery::Effect;
use crate::resource::navigation::Document;
use crate::resource::{Resource, answer, batch};
use crate::secret::Secret;
use crate::transport::{Answer, Body, Request};
use std::collections::VecDeque;
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
    open: VecDeque<usize>,
    /// Those that the server was too busy for, which are sent again when all others have been. Each has its refusal by now.
    again: Vec<usize>,
    /// How often the server was too busy for each.
    refusals: Vec<usize>,
    /// A batch was refused as a whole, with this error and the wait that the server asked for.
    refused: Option<(Error, Option<Duration>)>,
    /// The longest wait that the server asked for in parts of batches.
    asked: Option<Duration>,
}

impl Round<'_> {
    /// Nothing that is open is sent any more; what becomes of its errors.
    fn give_up(&mut self, refusal: &Error, reported: impl Fn(Error) -> Error) {
        for at in self.open.drain(..).chain(self.again.drain(..)) {
            let own = match self.found[at].take() {
                Some(Err(own)) => own,
                _ => refusal.clone(),
            };
            self.found[at] = Some(Err(reported(own)));
        }
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
        let refusals = vec![0; requests.len()];
        let mut round = Round { requests, found, open, again: Vec::new(), refusals, refused: None, asked: None };
        let link = Resource::parse(&self.session.document.text)
            .ok()
            .and_then(|resource| resource.link("batch").and_then(|href| self.resolve(href).ok()))
            .filter(|link| self.is_own(link));
        match link {
            Some(link) if round.open.len() > 1 => self.send_in_batches(&link, &mut round),
            _ => {
                let open: Vec<usize> = round.open.drain(..).collect();
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

    /// Batches, as large as the server takes by now, until nothing is open.
    fn send_in_batches(&self, link: &Url, round: &mut Round<'_>) {
        let mut patience = self.call.retries + HALVINGS;
        let mut pause = FIRST_PAUSE;
        while !round.open.is_empty() {
            let limit = self.application.transport.limit();
            // While the limit is low it may grow with each batch, and the next ones with it.
            let most = if self.application.transport.limit_is_reduced() { limit } else { usize::MAX };
            let wave: Vec<usize> = round.open.drain(..round.open.len().min(most)).collect();
            let chunks: Vec<&[usize]> = wave.chunks(limit.min(MOST_PARTS)).collect();
            let batches: Vec<Request> =
                chunks.iter().map(|chunk| batch_request(link, &chunk.iter().map(|at| &round.requests[*at]).collect::<Vec<_>>())).collect();
            let answers = self.application.authority.send_all(self.call, &batches);
            for ((chunk, answer), batch) in chunks.iter().zip(answers).zip(&batches) {
                match answer {
                    Err(error) if error.details().too_many_parts => round.open.extend(*chunk),
                    Err(error) => chunk.iter().for_each(|at| round.found[*at] = Some(Err(error.clone()))),
                    Ok(answer) if answer.status == 429 => {
                        let asked = round.refused.take().and_then(|(_, asked)| asked).max(answer.retry_after());
                        round.refused = Some((answer::refusal(batch, &answer), asked));
                        round.open.extend(*chunk);
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
                    Ok(answer) => {
                        patience = self.call.retries + HALVINGS;
                        self.spread(batch, &answer, chunk, round);
                    }
                }
            }
            let (refusal, asked) = match round.refused.take() {
                Some((refusal, asked)) => {
                    let Some(left) = patience.checked_sub(1) else { return round.give_up(&refusal, |error| error) };
                    patience = left;
                    (refusal, asked)
                }
                None if round.open.is_empty() && !round.again.is_empty() => (self.call.timed_out(), round.asked.take()),
                None => continue,
            };
            let wait = pause.max(asked.unwrap_or_default());
            // To begin a wait that the call has no time for would help nobody.
            if clock::wait(wait) >= self.call.left() {
                return round.give_up(&refusal, throttled);
            }
            if let Err(ended) = self.application.transport.pause(self.call, wait) {
                return round.give_up(&ended, |_| ended.clone());
            }
            pause *= 2;
            round.open.extend(round.again.drain(..));
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
                        round.found[*at] = Some(Err(answer::refusal(own, &inner)));
                        round.asked = round.asked.max(inner.retry_after());
                        round.refusals[*at] += 1;
                        if round.refusals[*at] <= self.call.retries {
                            round.again.push(*at);
                        }
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
