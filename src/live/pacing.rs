//! How soon after an answer of the event channel the next GET is sent. A server that answers at once, over and over, must
//! not be asked thousands of times a minute. Pure: no clock and no waiting of its own.

use std::time::Duration;

/// A GET that was pending for so long was not answered at once.
const A_WHILE: Duration = Duration::from_secs(1);
/// So many answers in a row may come at once.
const FREE: u32 = 10;
/// The wait after the last of these, which doubles with each further one up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// After so many answers in a row that came at once and had nothing in them the channel is in doubt.
const PATIENCE: u32 = 3;

/// The answers so far that came at once.
#[derive(Debug, Default)]
pub(super) struct Pacing {
    quick: u32,
    /// Those of them that had nothing in them. Such an answer does not show that the channel works: something between here
    /// and the server may give them, for ever.
    hollow: u32,
}

/// What follows an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pace {
    AtOnce,
    After(Duration),
    /// The channel is not to be trusted.
    Doubt,
}

impl Pacing {
    /// An answer came after so long; whether there was something in it.
    pub fn answered(&mut self, took: Duration, something: bool) -> Pace {
        let quick = took < A_WHILE;
        self.quick = if quick { self.quick.saturating_add(1) } else { 0 };
        self.hollow = if quick && !something { self.hollow.saturating_add(1) } else { 0 };
        if self.in_doubt() {
            return Pace::Doubt;
        }
        match self.quick.checked_sub(FREE) {
            None => Pace::AtOnce,
            Some(doublings) => Pace::After(FIRST_WAIT.saturating_mul(1 << doublings.min(16)).min(LONGEST_WAIT)),
        }
    }

    /// Whether the last answer said nothing of the channel.
    pub fn is_hollow(&self) -> bool {
        self.hollow > 0
    }

    pub fn in_doubt(&self) -> bool {
        self.hollow > PATIENCE
    }

    /// The channel has shown in another way that it works.
    pub fn trust(&mut self) {
        self.hollow = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(999);

    fn ms(pace: Pace) -> u128 {
        match pace {
            Pace::AtOnce => 0,
            Pace::After(wait) => wait.as_millis(),
            Pace::Doubt => panic!("it is not in doubt"),
        }
    }

    #[test]
    fn ten_answers_at_once_then_longer_and_longer_waits() {
        let mut pacing = Pacing::default();
        for _ in 0..2 {
            let waits: Vec<u128> = (0..18).map(|_| ms(pacing.answered(QUICK, true))).collect();
            assert_eq!(waits, [0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000, 2_000]);
            assert_eq!(pacing.answered(A_WHILE, true), Pace::AtOnce, "an answer that took longer ends it");
        }
        for _ in 0..100_000 {
            pacing.answered(QUICK, true);
        }
        assert_eq!(ms(pacing.answered(QUICK, true)), 2_000);
    }

    #[test]
    fn answers_with_nothing_in_them_put_it_in_doubt() {
        let mut pacing = Pacing::default();
        let paces: Vec<Pace> = (0..5).map(|_| pacing.answered(QUICK, false)).collect();
        assert_eq!(paces, [Pace::AtOnce, Pace::AtOnce, Pace::AtOnce, Pace::Doubt, Pace::Doubt]);
        assert!(pacing.in_doubt());
        pacing.answered(QUICK, true);
        assert!(!pacing.in_doubt() && !pacing.is_hollow());
        for _ in 0..9 {
            assert_eq!(pacing.answered(A_WHILE, false), Pace::AtOnce, "a silent hour is no reason for doubt");
        }
        for _ in 0..9 {
            pacing.answered(QUICK, false);
        }
        pacing.trust();
        assert!(!pacing.in_doubt());
    }
}
