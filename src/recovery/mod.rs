//! What follows a failed attempt: one pure function, [`next`], decides for every layer.
//!
//! The layers carry out the steps that are theirs and hand the rest up: `transport` repeats, `sign_in` renews tokens,
//! `application` looks for the home server and creates the application again, and then runs the whole operation once more.
//! What was tried already and what may have been processed is kept per call, in [`Tried`].

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What it would do to send a request twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// The same as sending it once.
    Idempotent,
    /// It does something twice, but nothing that lasts: a presence subscription, which ends with the application and is needed
    /// again by a new one, or a password, which may count towards a lockout. It is not repeated if it may have been
    /// processed, but the operation that needs it may run again.
    Transient,
    /// It changes something that lasts: never sent twice if it may have been processed.
    Lasting,
}

/// How far an attempt got that has no usable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It was not sent, and would not be sent next time.
    Unsent,
    /// The host, or the proxy, refused the connection.
    Refused,
    /// The host did not react to the connection attempt.
    Unreachable,
    /// A connection was made, and no trusted TLS connection came of it.
    Untrusted,
    /// The request was sent and nothing came back in the time that a server is given to begin an answer.
    Silent,
    /// The connection was lost after the request was sent.
    Lost,
    /// An answer came that cannot be used, and another one would be no better.
    Unusable,
}

/// What an answer says about the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It was done, or so it seems.
    Done,
    /// It was refused, for a reason of its own.
    Refused,
    /// What was asked for is not there.
    Missing,
    /// 412: it is no longer as the request says that it was.
    Outdated,
    /// The server failed at it.
    Failed,
    /// The token is missing, invalid or expired.
    TokenRefused,
    /// 429: too many requests.
    Throttled,
    /// 503: nobody takes requests just now.
    Unavailable,
    /// 502: what stands before the server did not reach it, or lost it.
    BadGateway,
    /// 504: what stands before the server waited too long for it.
    GatewayTimeout,
    /// The application is gone.
    ApplicationGone,
    /// Something is gone, and it may be the application.
    PerhapsApplicationGone,
    /// The server wants no such application.
    ApplicationUnwanted,
}

/// The outcome of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered {
        said: Said,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    Failed(Stage),
}

/// Everything that the decision depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    pub effect: Effect,
    /// The sender deals with [`Said::Throttled`] itself.
    pub paced: bool,
    pub outcome: Outcome,
    /// Another server may be found if this one does not answer, and that was not tried in this call.
    pub elsewhere: bool,
    /// Whether a request of this call that has a lasting effect, this one included, may have been processed.
    pub changed: bool,
    /// The request was sent again because its connection was lost.
    pub reconnected: bool,
    /// The address comes from memory, and was not looked up again in this call.
    pub remembered: bool,
    /// What is to be changed was read again after it had changed in between.
    pub reread: bool,
    /// The token was renewed in this call.
    pub renewed: bool,
    /// What the server said when it was asked for the application itself.
    pub application_gone: Option<bool>,
    /// The application was created again in this call.
    pub created: bool,
    /// The wait before the next repetition; `None` when there were as many as allowed.
    pub backoff: Option<Duration>,
    /// What is left of the call's time.
    pub left: Duration,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The outcome stands.
    Stop,
    /// Send the request again after this wait.
    Repeat(Duration),
    /// The server asks for a wait that the call has no time for.
    OutOfTime(Duration),
    /// Get another token, then send the request again.
    RenewToken,
    /// Ask for the application itself, then decide again.
    AskForApplication,
    /// Look up the address again, then send the request there.
    LookUpAgain,
    /// Read again what is to be changed, then change it.
    ReadAgain,
    /// Discover the home server again, then run the operation again.
    FindServer,
    /// Create the application again, then run the operation again.
    CreateApplication,
}

impl Said {
    /// What an HTTP status says by itself.
    pub fn of_status(status: u16) -> Said {
        match status {
            401 => Said::TokenRefused,
            429 => Said::Throttled,
            502 => Said::BadGateway,
            503 => Said::Unavailable,
            504 => Said::GatewayTimeout,
            404 => Said::Missing,
            408 => Said::Failed,
            412 => Said::Outdated,
            400..=499 => Said::Refused,
            500.. => Said::Failed,
            _ => Said::Done,
        }
    }
}

impl Outcome {
    /// Whether the server may have acted on the request.
    pub fn may_have_been_processed(self) -> bool {
        match self {
            Outcome::Failed(Stage::Unsent | Stage::Refused | Stage::Unreachable | Stage::Untrusted) => false,
            Outcome::Failed(Stage::Silent | Stage::Lost | Stage::Unusable) => true,
            Outcome::Answered { said, .. } => match said {
                Said::Refused
                | Said::Missing
                | Said::Outdated
                | Said::TokenRefused
                | Said::Throttled
                | Said::Unavailable
                | Said::ApplicationGone
                | Said::PerhapsApplicationGone
                | Said::ApplicationUnwanted => false,
                Said::Done | Said::Failed | Said::BadGateway | Said::GatewayTimeout => true,
            },
        }
    }
}

/// Decides what follows an attempt.
pub(crate) fn next(attempt: &Attempt) -> Step {
    let repeatable = attempt.effect == Effect::Idempotent || !attempt.outcome.may_have_been_processed();
    match attempt.outcome {
        Outcome::Answered { said, retry_after } => match said {
            Said::Done | Said::Refused | Said::Failed | Said::ApplicationUnwanted => Step::Stop,
            Said::Missing => look_up_again(attempt),
            Said::Outdated if attempt.reread => Step::Stop,
            Said::Outdated => Step::ReadAgain,
            Said::TokenRefused if attempt.renewed => Step::Stop,
            Said::TokenRefused => Step::RenewToken,
            Said::Throttled if attempt.paced => Step::Stop,
            Said::Throttled | Said::Unavailable => repeat(attempt, retry_after),
            Said::BadGateway | Said::GatewayTimeout if repeatable && attempt.backoff.is_some() => repeat(attempt, retry_after),
            Said::BadGateway => find_server(attempt),
            Said::GatewayTimeout => Step::Stop,
            Said::ApplicationGone => create_application(attempt),
            Said::PerhapsApplicationGone => match attempt.application_gone {
                None => Step::AskForApplication,
                Some(true) => create_application(attempt),
                Some(false) => look_up_again(attempt),
            },
        },
        Outcome::Failed(Stage::Unsent | Stage::Untrusted | Stage::Unusable) => Step::Stop,
        // To wait for a silent server again would cost most of the call; only where there is no other it is waited for.
        Outcome::Failed(Stage::Unreachable | Stage::Silent) if attempt.elsewhere => find_server(attempt),
        // Most often the server closed an idle connection just then: a new one is tried at once.
        Outcome::Failed(Stage::Lost) if repeatable && !attempt.reconnected && attempt.backoff.is_some() => Step::Repeat(Duration::ZERO),
        Outcome::Failed(_) if repeatable && fits(attempt) => repeat(attempt, None),
        Outcome::Failed(_) => find_server(attempt),
    }
}

/// Whether an outcome shows that the application is gone.
pub(crate) fn is_application_gone(attempt: &Attempt) -> bool {
    match attempt.outcome {
        Outcome::Answered { said: Said::ApplicationGone, .. } => true,
        Outcome::Answered { said: Said::PerhapsApplicationGone, .. } => attempt.application_gone == Some(true),
        _ => false,
    }
}

/// Whether an attempt was given up early, since another server might have been found.
pub(crate) fn was_given_up_early(stage: Option<Stage>) -> bool {
    matches!(stage, Some(Stage::Unreachable | Stage::Silent))
}

/// Whether another repetition is allowed, and its wait is over before the call is.
fn fits(attempt: &Attempt) -> bool {
    attempt.backoff.is_some_and(|backoff| backoff < attempt.left)
}

fn repeat(attempt: &Attempt, asked: Option<Duration>) -> Step {
    let Some(backoff) = attempt.backoff else { return Step::Stop };
    let wait = backoff.max(asked.unwrap_or_default());
    match asked {
        _ if wait < attempt.left => Step::Repeat(wait),
        Some(asked) if asked >= attempt.left => Step::OutOfTime(asked),
        _ => Step::Stop,
    }
}

fn look_up_again(attempt: &Attempt) -> Step {
    if attempt.remembered && may_run_again(attempt) { Step::LookUpAgain } else { Step::Stop }
}

fn find_server(attempt: &Attempt) -> Step {
    if attempt.elsewhere && may_run_again(attempt) { Step::FindServer } else { Step::Stop }
}

fn create_application(attempt: &Attempt) -> Step {
    if !attempt.created && may_run_again(attempt) { Step::CreateApplication } else { Step::Stop }
}

/// Whether the whole operation may run a second time.
fn may_run_again(attempt: &Attempt) -> bool {
    !attempt.changed
}

/// What was tried in one call, and what of it may have been processed. Each remedy is used once.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    /// How many requests with a lasting effect may have been processed.
    changes: AtomicUsize,
    searched: AtomicBool,
    created: AtomicBool,
    /// The origins for which a refused token was renewed.
    renewed: Mutex<Vec<String>>,
}

impl Tried {
    /// A request with a lasting effect goes out. It counts as processed, even if nobody waits for its outcome any more,
    /// unless [`not_processed`](Tried::not_processed) follows.
    pub fn sends_change(&self) {
        self.changes.fetch_add(1, SeqCst);
    }

    /// The outcome of such a request shows that it was not processed.
    pub fn not_processed(&self) {
        self.changes.fetch_sub(1, SeqCst);
    }

    /// Whether a request with a lasting effect may have been processed.
    pub fn changed(&self) -> bool {
        self.changes.load(SeqCst) > 0
    }

    /// The home server is looked for; false where that was done before.
    pub fn search(&self) -> bool {
        !self.searched.swap(true, SeqCst)
    }

    pub fn searched(&self) -> bool {
        self.searched.load(SeqCst)
    }

    /// The application is created again; false where that was done before.
    pub fn create(&self) -> bool {
        !self.created.swap(true, SeqCst)
    }

    pub fn created(&self) -> bool {
        self.created.load(SeqCst)
    }

    /// The token of an origin is renewed, since the server refused it.
    pub fn renew(&self, origin: &str) {
        let mut renewed = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        if !renewed.iter().any(|known| known == origin) {
            renewed.push(origin.to_owned());
        }
    }

    pub fn renewed(&self, origin: &str) -> bool {
        self.renewed.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|known| known == origin)
    }
}

#[cfg(test)]
mod tests;
