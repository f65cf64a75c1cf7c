//! The decision, looked at for every input there is, and in sequences of attempts as the layers make them.

use super::*;
use proptest::prelude::*;

const EFFECTS: [Effect; 3] = [Effect::Idempotent, Effect::Transient, Effect::Lasting];
const STAGES: [Stage; 7] =
    [Stage::Unsent, Stage::Refused, Stage::Unreachable, Stage::Untrusted, Stage::Silent, Stage::Lost, Stage::Unusable];
const SAYINGS: [Said; 13] = [
    Said::Done,
    Said::Refused,
    Said::Missing,
    Said::Outdated,
    Said::Failed,
    Said::TokenRefused,
    Said::Throttled,
    Said::Unavailable,
    Said::BadGateway,
    Said::GatewayTimeout,
    Said::ApplicationGone,
    Said::PerhapsApplicationGone,
    Said::ApplicationUnwanted,
];
const WAITS: [Option<Duration>; 4] = [None, Some(Duration::ZERO), Some(Duration::from_millis(200)), Some(Duration::from_secs(40))];
const LEFT: [Duration; 3] = [Duration::ZERO, Duration::from_millis(100), Duration::from_secs(30)];

fn outcomes() -> impl Iterator<Item = Outcome> {
    let failures = STAGES.into_iter().map(Outcome::Failed);
    let answers = SAYINGS.into_iter().flat_map(|said| WAITS.map(|retry_after| Outcome::Answered { said, retry_after }));
    failures.chain(answers)
}

/// Every attempt there can be, as far as the decision can tell them apart.
fn every_attempt(mut look: impl FnMut(&Attempt, Step)) -> usize {
    let mut seen = 0;
    for outcome in outcomes() {
        for effect in EFFECTS {
            for flags in 0..=255_u8 {
                let flag = |bit: u8| flags & (1 << bit) != 0;
                for application_gone in [None, Some(false), Some(true)] {
                    for backoff in WAITS {
                        for left in LEFT {
                            let attempt = Attempt {
                                effect,
                                outcome,
                                paced: flag(0),
                                elsewhere: flag(1),
                                changed: flag(2),
                                reconnected: flag(3),
                                renewed: flag(4),
                                created: flag(5),
                                remembered: flag(6),
                                reread: flag(7),
                                application_gone,
                                backoff,
                                left,
                            };
                            look(&attempt, next(&attempt));
                            seen += 1;
                        }
                    }
                }
            }
        }
    }
    seen
}

#[test]
fn nothing_that_may_have_been_processed_is_done_twice() {
    let seen = every_attempt(|attempt, step| {
        let perhaps = attempt.outcome.may_have_been_processed();
        match step {
            Step::Repeat(_) | Step::RenewToken | Step::ReadAgain => {
                assert!(!perhaps || attempt.effect == Effect::Idempotent, "{attempt:?}: {step:?}")
            }
            Step::FindServer | Step::CreateApplication | Step::LookUpAgain => assert!(!attempt.changed, "{attempt:?}: {step:?}"),
            Step::Stop | Step::OutOfTime(_) | Step::AskForApplication => {}
        }
    });
    assert!(seen > 100_000);
}

#[test]
fn no_wait_is_begun_that_the_call_has_no_time_for() {
    every_attempt(|attempt, step| match step {
        Step::Repeat(wait) => assert!(wait.is_zero() || wait < attempt.left, "{attempt:?}: {step:?}"),
        Step::OutOfTime(asked) => assert!(asked >= attempt.left, "{attempt:?}: {step:?}"),
        _ => {}
    });
}

#[test]
fn repetitions_end_and_each_remedy_is_used_once() {
    every_attempt(|attempt, step| match step {
        Step::Repeat(_) => assert!(attempt.backoff.is_some(), "{attempt:?}"),
        Step::RenewToken => assert!(!attempt.renewed, "{attempt:?}"),
        Step::AskForApplication => assert!(attempt.application_gone.is_none(), "{attempt:?}"),
        Step::LookUpAgain => assert!(attempt.remembered, "{attempt:?}"),
        Step::ReadAgain => assert!(!attempt.reread, "{attempt:?}"),
        Step::FindServer => assert!(attempt.elsewhere, "{attempt:?}"),
        Step::CreateApplication => assert!(!attempt.created, "{attempt:?}"),
        Step::Stop | Step::OutOfTime(_) => {}
    });
}

#[test]
fn discovery_follows_what_kept_the_server_from_answering() {
    every_attempt(|attempt, step| {
        if step == Step::FindServer {
            let kept = matches!(
                attempt.outcome,
                Outcome::Failed(Stage::Refused | Stage::Unreachable | Stage::Silent | Stage::Lost)
                    | Outcome::Answered { said: Said::BadGateway, .. }
            );
            assert!(kept, "{attempt:?}");
        }
    });
}

#[test]
fn a_server_that_is_the_only_one_is_always_tried_again() {
    every_attempt(|attempt, step| {
        let unreachable = matches!(attempt.outcome, Outcome::Failed(Stage::Refused | Stage::Unreachable));
        let time = attempt.backoff.is_some_and(|backoff| backoff < attempt.left);
        if unreachable && !attempt.elsewhere && time {
            assert!(matches!(step, Step::Repeat(_)), "{attempt:?}: {step:?}");
        }
    });
}

/// What the servers of a sequence do, and how a call fares with them.
struct Run<'a> {
    script: std::slice::Iter<'a, Outcome>,
    tried: Tried,
    has_elsewhere: bool,
    application_gone: Option<bool>,
    left: Duration,
    retries: usize,
    /// For each request of the operation: how often it may have been processed.
    processed: Vec<usize>,
    searches: usize,
    creations: usize,
    renewals: usize,
    most_repeats: usize,
}

impl Run<'_> {
    fn attempt(&self, effect: Effect, outcome: Outcome, backoff: Option<Duration>, reconnected: bool) -> Attempt {
        Attempt {
            effect,
            paced: false,
            outcome,
            elsewhere: self.has_elsewhere && !self.tried.searched(),
            changed: self.tried.changed(),
            reconnected,
            remembered: false,
            reread: true,
            renewed: self.tried.renewed("https://pool"),
            application_gone: self.application_gone,
            created: self.tried.created(),
            backoff,
            left: self.left,
        }
    }

    /// One request as transport and authority send it.
    fn request(&mut self, at: usize, effect: Effect) -> Result<(), Outcome> {
        let mut reconnected = false;
        let mut repeats = 0;
        loop {
            if effect == Effect::Lasting {
                self.tried.sends_change();
            }
            let outcome = self.script.next().copied().unwrap_or(Outcome::Answered { said: Said::Done, retry_after: None });
            if outcome.may_have_been_processed() {
                self.processed[at] += 1;
            } else if effect == Effect::Lasting {
                self.tried.not_processed();
            }
            let backoff = (repeats < self.retries).then_some(Duration::from_millis(200 << repeats));
            match next(&self.attempt(effect, outcome, backoff, reconnected)) {
                Step::Repeat(wait) => {
                    repeats += 1;
                    self.most_repeats = self.most_repeats.max(repeats);
                    self.left = self.left.checked_sub(wait).expect("a wait within the call");
                }
                Step::RenewToken => {
                    self.renewals += 1;
                    self.tried.renew("https://pool");
                }
                _ if outcome == (Outcome::Answered { said: Said::Done, retry_after: None }) => return Ok(()),
                _ => return Err(outcome),
            }
            reconnected |= outcome == Outcome::Failed(Stage::Lost);
        }
    }

    /// An operation of several requests, as the application runs it.
    fn operation(&mut self, effects: &[Effect]) -> Result<(), Outcome> {
        loop {
            let Err(outcome) = effects.iter().enumerate().try_for_each(|(at, effect)| self.request(at, *effect)) else { return Ok(()) };
            if next(&self.attempt(Effect::Idempotent, outcome, None, true)) == Step::AskForApplication {
                self.application_gone = Some(self.left.as_millis().is_multiple_of(2));
            }
            match next(&self.attempt(Effect::Idempotent, outcome, None, true)) {
                Step::FindServer => {
                    self.searches += 1;
                    assert!(self.tried.search());
                }
                Step::CreateApplication => {
                    self.creations += 1;
                    assert!(self.tried.create());
                    self.application_gone = None;
                }
                _ => return Err(outcome),
            }
        }
    }
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    let all: Vec<Outcome> = outcomes().collect();
    prop_oneof![1 => Just(Outcome::Answered { said: Said::Done, retry_after: None }), 3 => proptest::sample::select(all)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn a_call_whatever_happens(
        script in proptest::collection::vec(any_outcome(), 0..40),
        effects in proptest::collection::vec(proptest::sample::select(EFFECTS.to_vec()), 1..5),
        has_elsewhere: bool,
        retries in 0_usize..5,
        left_ms in 0_u64..40_000,
    ) {
        let mut run = Run {
            script: script.iter(),
            tried: Tried::default(),
            has_elsewhere,
            application_gone: None,
            left: Duration::from_millis(left_ms),
            retries,
            processed: vec![0; effects.len()],
            searches: 0,
            creations: 0,
            renewals: 0,
            most_repeats: 0,
        };
        let _ = run.operation(&effects);
        for (effect, processed) in effects.iter().zip(&run.processed) {
            prop_assert!(*effect != Effect::Lasting || *processed <= 1, "{:?}", run.processed);
        }
        prop_assert!(run.most_repeats <= retries);
        prop_assert!(run.searches <= 1 && run.creations <= 1 && run.renewals <= 1);
        prop_assert!(!has_elsewhere || run.searches <= 1);
        prop_assert!(has_elsewhere || run.searches == 0);
    }
}
