//! How many requests the server takes at once, as far as its answers show. Pure: no clock and no waiting of its own.

use std::time::Duration;

/// How long the limit stays where it is after growing went too far; doubled each time, up to the longest.
const FIRST_HOLD: Duration = Duration::from_secs(30);
const LONGEST_HOLD: Duration = Duration::from_secs(10 * 60);

/// The limit that is learned.
///
/// A refusal halves it. Each accepted request raises it by three times its own parts, so that a batch as large as the limit
/// makes it four times as large. If the server then refuses, its own limit is below: the limit goes back to what was
/// accepted, stays there for a while, and grows by a quarter from then on.
#[derive(Debug)]
pub(super) struct Limit {
    /// What was configured.
    most: usize,
    now: usize,
    /// How often it was lowered.
    round: u64,
    /// Where it was lowered to last.
    floor: usize,
    /// The most under way at once that was accepted in this round.
    proven: usize,
    grew: bool,
    /// Whether growing has gone too far before.
    careful: bool,
    held_until: Duration,
    hold: Duration,
}

/// What was under way when a request was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    round: u64,
    under_way: usize,
}

impl Limit {
    pub fn new(most: usize) -> Limit {
        let most = most.max(1);
        Limit {
            most,
            now: most,
            round: 0,
            floor: most,
            proven: 0,
            grew: false,
            careful: false,
            held_until: Duration::ZERO,
            hold: FIRST_HOLD,
        }
    }

    pub fn now(&self) -> usize {
        self.now
    }

    pub fn is_reduced(&self) -> bool {
        self.now < self.most
    }

    /// A request is sent, with so many under way, itself included.
    pub fn sent(&self, under_way: usize) -> Sent {
        Sent { round: self.round, under_way }
    }

    /// The server refused a request because it has too many.
    pub fn refused(&mut self, sent: Sent, at: Duration) {
        if sent.round != self.round {
            // It was sent before the limit was lowered last, and says nothing about the present one.
            return;
        }
        let accepted = self.proven.max(self.floor);
        if self.grew && sent.under_way > accepted && accepted < self.now {
            self.now = accepted;
            self.careful = true;
            self.held_until = at + self.hold;
            self.hold = (self.hold * 2).min(LONGEST_HOLD);
        } else {
            self.now = (self.now / 2).max(1);
        }
        self.round += 1;
        self.floor = self.now;
        self.proven = 0;
        self.grew = false;
    }

    /// The server answered a request of so many parts.
    pub fn accepted(&mut self, sent: Sent, parts: usize, at: Duration) {
        if sent.round == self.round {
            self.proven = self.proven.max(sent.under_way);
        }
        if self.proven >= self.most {
            self.careful = false;
            self.hold = FIRST_HOLD;
        }
        if self.now < self.most && at >= self.held_until {
            let step = if self.careful { parts.div_ceil(4) } else { parts.saturating_mul(3) };
            self.now = self.now.saturating_add(step).min(self.most);
            self.grew = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that takes so many at once, asked with batches as large as the limit: how many of them it refused.
    fn refusals(limit: &mut Limit, taken: usize, batches: usize, at: Duration) -> usize {
        (0..batches)
            .filter(|_| {
                let size = limit.now();
                let sent = limit.sent(size);
                if size > taken {
                    limit.refused(sent, at);
                    return true;
                }
                limit.accepted(sent, size, at);
                false
            })
            .count()
    }

    #[test]
    fn after_refusals_that_mean_nothing_it_is_soon_back_at_the_maximum() {
        for most in [1, 7, 100, 1_000] {
            for refused in 0..12 {
                let mut limit = Limit::new(most);
                for _ in 0..refused {
                    limit.refused(limit.sent(limit.now()), Duration::ZERO);
                }
                assert!(limit.now() >= 1);
                assert_eq!(refusals(&mut limit, most, 6, Duration::ZERO), 0);
                assert_eq!(limit.now(), most, "in at most six batches, after {refused} refusals");
            }
        }
        let mut limit = Limit::new(100);
        (0..9).for_each(|_| limit.refused(limit.sent(1), Duration::ZERO));
        (0..33).for_each(|_| limit.accepted(limit.sent(1), 1, Duration::ZERO));
        assert_eq!(limit.now(), 100, "in 33 single requests");
    }

    #[test]
    fn requests_that_were_sent_together_lower_it_once() {
        let mut limit = Limit::new(100);
        let sent: Vec<Sent> = (1..=16).map(|under_way| limit.sent(under_way)).collect();
        sent.into_iter().for_each(|sent| limit.refused(sent, Duration::ZERO));
        assert_eq!(limit.now(), 50);
    }

    #[test]
    fn a_server_that_takes_fewer_refuses_seldom() {
        for taken in 1..100 {
            let mut limit = Limit::new(100);
            let learning = refusals(&mut limit, taken, 100, Duration::ZERO);
            assert!(learning <= 9, "{taken}: {learning}");
            assert!(limit.now() <= taken);
            let mut later = 0;
            for second in 0..3_600 {
                later += refusals(&mut limit, taken, 1, Duration::from_secs(second));
            }
            assert!(later <= 12, "{taken}: {later} in an hour of one batch a second");
            assert!(limit.now() > taken / 2, "{taken}: {}", limit.now());
        }
    }

    #[test]
    fn a_limit_that_is_gone_is_forgotten() {
        let mut limit = Limit::new(100);
        refusals(&mut limit, 20, 50, Duration::ZERO);
        let later = Duration::from_secs(1_000);
        assert_eq!(refusals(&mut limit, 100, 20, later), 0);
        assert_eq!((limit.now(), limit.careful), (100, false));
    }
}
