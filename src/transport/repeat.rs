//! The repetitions of one request: carries out what the recovery layer decides.

use super::cancel::Call;
use super::message::{Answer, Attempts, Failure, Request};
use crate::clock;
use crate::recovery::{self, Attempt, Outcome, Said, Stage, Step};
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::time::{Duration, SystemTime};

const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What was tried of one request.
pub(super) struct Plan<'a> {
    call: &'a Call,
    request: &'a Request,
    waits: ExponentialBackoff,
    /// The wait before the next repetition, if there is to be one.
    backoff: Option<Duration>,
    reconnected: bool,
    attempts: Attempts,
}

impl<'a> Plan<'a> {
    pub fn new(call: &'a Call, request: &'a Request) -> Plan<'a> {
        let waits = ExponentialBuilder::default()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(call.retries)
            .with_jitter();
        let mut waits = waits.build();
        let backoff = waits.next().map(clock::wait);
        Plan { call, request, waits, backoff, reconnected: false, attempts: Attempts::default() }
    }

    /// How long to wait before the next attempt; `None` if this outcome is handed up.
    pub fn next_wait(&mut self, outcome: &mut std::result::Result<Answer, Failure>) -> Option<Duration> {
        let seen = outcome_of(outcome);
        let step = recovery::next(&Attempt {
            effect: self.request.effect,
            paced: self.request.paced,
            outcome: seen,
            reconnected: self.reconnected,
            backoff: self.backoff,
            ..self.call.attempt()
        });
        let wait = match step {
            Step::Repeat(wait) => {
                self.backoff = self.waits.next().map(clock::wait);
                Some(wait)
            }
            Step::OutOfTime(_) => {
                self.attempts.out_of_time = true;
                None
            }
            // The rest is for the layers above.
            _ => None,
        };
        self.reconnected |= seen == Outcome::Failed(Stage::Lost);
        if let Ok(answer) = outcome {
            answer.attempts = self.attempts;
        }
        self.attempts.lost_before |= seen.may_have_been_processed();
        wait
    }
}

/// What the transport can tell of an outcome: it does not look into bodies.
pub(super) fn outcome_of(outcome: &std::result::Result<Answer, Failure>) -> Outcome {
    match outcome {
        Ok(answer) => {
            let retry_after = answer.retry_after().map(clock::wait);
            Outcome::Answered { said: Said::of_status(answer.status), retry_after }
        }
        Err(failure) => Outcome::Failed(failure.stage),
    }
}

impl Answer {
    /// The wait that the server asks for: seconds, or a date, which is taken against the server's own clock.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.header("retry-after")?.trim();
        if let Ok(seconds) = text.parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let now = self.header("date").and_then(|date| httpdate::parse_http_date(date.trim()).ok()).unwrap_or_else(SystemTime::now);
        httpdate::parse_http_date(text).ok().map(|date| date.duration_since(now).unwrap_or_default())
    }
}
