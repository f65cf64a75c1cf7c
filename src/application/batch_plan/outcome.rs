//! The types that a plan exchanges with its caller: outcomes in, steps out.

use std::time::Duration;

/// A request to be sent, as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub is_get: bool,
    /// Doing it twice does what doing it once does.
    pub is_safe: bool,
}

/// What is to be done next. Requests are named by their place.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// Send these batches at once, and report each with [`Plan::batch`](super::Plan::batch).
    Batches(Vec<Vec<usize>>),
    /// Send each of these by itself, and report each with [`Plan::single`](super::Plan::single).
    Singles(Vec<usize>),
    /// The token was refused for these: renew it, and report with [`Plan::renewed`](super::Plan::renewed).
    Renew(Vec<usize>),
    /// Wait so long, or as long as the server asks; or [give up](super::Plan::give_up).
    Wait {
        pause: Duration,
        asked: Option<Duration>,
    },
    Done,
}

/// What became of a batch.
#[derive(Clone, Debug)]
pub(crate) enum Batch {
    /// It has more parts than may be under way by now, and was not sent.
    Unsent,
    /// It was answered, part by part.
    Parts(Vec<Fate>),
    Refused(Refusal),
}

/// What became of a part, or of a request that was sent by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fate {
    /// The answer stands.
    Answered { success: bool },
    /// The server was too busy, and did not act on it.
    Busy(Option<Duration>),
    /// The token was refused, and the server did not act on it.
    TokenRefused,
    /// There is no answer to it. The server may have acted on it.
    Missing,
    /// Another attempt would be no better.
    Final,
    /// It failed as the batch did that it was tried for; perhaps for a reason of its own.
    Alike { perhaps_own: bool },
}

/// What a batch got in place of answers for its parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    pub kind: Kind,
    /// Whether it is certain that the server acted on none of the parts.
    pub none_ran: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Too much is under way: the parts of this batch, perhaps.
    Busy(Option<Duration>),
    TokenRefused,
    /// Something in it is wrong, or it is too large.
    Unacceptable {
        too_large: bool,
    },
    /// The connection was lost, or a server behind it: the next attempt may be better.
    Lost(Option<Duration>),
    /// Batches are not understood or not allowed, or somebody else answered.
    Unusable,
    /// Another attempt would be no better.
    Final,
}
