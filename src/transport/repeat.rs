//! Which attempts are repeated, and after what wait.

use super::cancel::Call;
use super::message::{Answer, Failure, Repeat, Request, Stage};
use crate::clock;
use crate::error::{Error, Result, Status};
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::time::{Duration, SystemTime};

const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The repetitions of one request.
pub(super) struct Plan<'a> {
    call: &'a Call,
    repeat: Repeat,
    paced: bool,
    waits: ExponentialBackoff,
    lost_before: bool,
}

impl<'a> Plan<'a> {
    pub fn new(call: &'a Call, request: &Request) -> Plan<'a> {
        let waits = ExponentialBuilder::default()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(call.retries)
            .with_jitter();
        Plan { call, repeat: request.repeat, paced: request.paced, waits: waits.build(), lost_before: false }
    }

    /// How long to wait before the next attempt; `None` where this outcome stands.
    ///
    /// # Errors
    /// [`Status::Throttled`] where the server asks for a wait that the call has no time for.
    pub fn next_wait(&mut self, outcome: &std::result::Result<Answer, Failure>) -> Result<Option<Duration>> {
        let worth_it = match outcome {
            Ok(answer) => match answer.status {
                429 => !self.paced,
                503 => true,
                502 | 504 => self.repeat == Repeat::Safe,
                _ => false,
            },
            Err(failure) => match failure.stage {
                Stage::Connecting => failure.error.status() != Status::Tls,
                Stage::Lost => self.repeat == Repeat::Safe,
                Stage::Unsent | Stage::Silent | Stage::Answered => false,
            },
        };
        if !worth_it {
            return Ok(None);
        }
        let Some(backoff) = self.waits.next() else { return Ok(None) };
        if matches!(outcome, Err(failure) if failure.stage == Stage::Lost) && !self.lost_before {
            // Most often the server closed an idle connection just then: a new one is tried at once.
            self.lost_before = true;
            return Ok(Some(Duration::ZERO));
        }
        let asked = outcome.as_ref().ok().and_then(retry_after);
        let wait = clock::wait(backoff.max(asked.unwrap_or_default()));
        if wait < self.call.left() {
            return Ok(Some(wait));
        }
        match (outcome, asked) {
            (Ok(answer), Some(asked)) => Err(throttled(answer, asked)),
            _ => Ok(None),
        }
    }
}

fn throttled(answer: &Answer, asked: Duration) -> Error {
    let text = format!("the server asks to wait {} ms before the next attempt, which is longer than the call may take", asked.as_millis());
    let mut error = Error::new(Status::Throttled, text);
    error.details_mut().http_status = Some(answer.status);
    error.details_mut().retry_after_ms = u64::try_from(asked.as_millis()).ok();
    error
}

/// The wait that the server asks for: seconds, or a date.
pub(super) fn retry_after(answer: &Answer) -> Option<Duration> {
    let text = answer.header("retry-after")?.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(text).ok().map(|date| date.duration_since(SystemTime::now()).unwrap_or_default()),
    }
}

impl Answer {
    /// The wait that the server asks for.
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(self)
    }
}
