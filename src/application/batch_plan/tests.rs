//! What a plan does with servers of many kinds.

use super::*;

const SECOND: Option<Duration> = Some(Duration::from_secs(1));

fn gets(count: usize) -> Plan {
    Plan::new(vec![Part { is_get: true, is_safe: true }; count], (0..count).collect(), 3, MOST_PARTS)
}

fn refused(kind: Kind) -> Batch {
    Batch::Refused(Refusal { kind, none_ran: true })
}

fn answered(places: &[usize]) -> Batch {
    Batch::Parts(vec![Fate::Answered { success: true }; places.len()])
}

/// Carries a plan out against a server. How often each request was answered by its own resource, and how many requests
/// and batches there were.
struct Run {
    answers: Vec<usize>,
    requests: usize,
    batches: usize,
}

fn run(plan: &mut Plan, batch: impl Fn(&[usize], usize) -> Batch, single: impl Fn(usize) -> Fate) -> Run {
    let mut run = Run { answers: vec![0; plan.parts.len()], requests: 0, batches: 0 };
    loop {
        match plan.next(100, false) {
            Step::Batches(batches) => {
                for places in batches {
                    let outcome = batch(&places, run.batches);
                    (run.requests, run.batches) = (run.requests + 1, run.batches + 1);
                    if let Batch::Parts(fates) = &outcome {
                        for (at, fate) in places.iter().zip(fates) {
                            run.answers[*at] += usize::from(matches!(fate, Fate::Answered { .. }));
                        }
                    }
                    plan.batch(places, outcome);
                }
            }
            Step::Singles(places) => {
                for at in places {
                    let fate = single(at);
                    run.requests += 1;
                    run.answers[at] += usize::from(matches!(fate, Fate::Answered { .. } | Fate::Alike { .. }));
                    plan.single(at, fate);
                }
            }
            Step::Renew(_) => plan.renewed(true),
            Step::Wait { .. } => {}
            Step::Done => return run,
        }
    }
}

const GOOD: fn(usize) -> Fate = |_| Fate::Answered { success: true };

#[test]
fn a_healthy_server_gets_a_batch_for_each_hundred() {
    for (count, batches) in [(2, 1), (100, 1), (101, 2), (1_000, 10), (2_345, 24)] {
        let run = run(&mut gets(count), |places, _| answered(places), GOOD);
        assert_eq!((run.requests, run.batches), (batches, batches), "{count}");
        assert!(run.answers.iter().all(|times| *times == 1));
    }
}

#[test]
fn a_server_that_takes_no_batches_is_asked_for_each_and_remembered() {
    for kind in [Kind::Unusable, Kind::Lost(None), Kind::Unacceptable { too_large: false }, Kind::Unacceptable { too_large: true }] {
        for count in [2, 20, 100, 1_000, 2_500] {
            let mut plan = gets(count);
            let run = run(&mut plan, |_, _| refused(kind), GOOD);
            assert!(run.answers.iter().all(|times| *times == 1), "{kind:?} {count}");
            assert!(run.requests <= count + SPARE, "{kind:?} {count}: {}", run.requests);
            assert_eq!(plan.learned(), Some(1), "{kind:?} {count}");
        }
    }
    let run = run(&mut gets(100), |_, _| refused(Kind::Unusable), GOOD);
    assert_eq!((run.requests, run.batches), (101, 1));
}

#[test]
fn only_the_half_that_fails_is_halved() {
    let poison = |places: &[usize], _| {
        if places.contains(&37) { refused(Kind::Unacceptable { too_large: false }) } else { answered(places) }
    };
    let mut plan = gets(100);
    let run = run(&mut plan, poison, |at| Fate::Answered { success: at != 37 });
    assert!(run.answers.iter().all(|times| *times == 1));
    assert!(run.requests <= SPARE + 2, "{}", run.requests);
    assert_eq!(plan.learned(), None);
}

#[test]
fn a_size_that_is_too_large_is_learned() {
    let mut plan = gets(1_000);
    let most = |places: &[usize], _| if places.len() > 40 { refused(Kind::Unacceptable { too_large: true }) } else { answered(places) };
    let run = run(&mut plan, most, GOOD);
    assert!(run.requests < 60 && run.answers.iter().all(|times| *times == 1), "{}", run.requests);
    assert_eq!(plan.learned(), Some(25));
}

#[test]
fn what_fails_by_itself_as_well_is_not_tried_for_each() {
    let alike = |perhaps_own| move |_| Fate::Alike { perhaps_own };
    for (count, requests) in [(50, 2), (1_000, 11)] {
        assert_eq!(run(&mut gets(count), |_, _| refused(Kind::Unusable), alike(false)).requests, requests);
        // A single one may be refused for a reason of its own.
        assert_eq!(run(&mut gets(count), |_, _| refused(Kind::Unusable), alike(true)).requests, requests + 1);
    }
    let dead = |at| if at == 0 { Fate::Alike { perhaps_own: true } } else { Fate::Answered { success: true } };
    let run = run(&mut gets(50), |_, _| refused(Kind::Unusable), dead);
    assert!(run.answers.iter().all(|times| *times == 1));
}

#[test]
fn what_was_lost_in_passing_is_repeated() {
    let mut plan = gets(250);
    let run = run(&mut plan, |places, before| if before < 3 { refused(Kind::Lost(None)) } else { answered(places) }, GOOD);
    assert_eq!((run.requests, plan.learned()), (6, None));
    assert!(run.answers.iter().all(|times| *times == 1));
}

#[test]
fn parts_whose_token_is_refused_are_repeated_once() {
    let fates = |places: &[usize], before| match before {
        0 => {
            Batch::Parts(places.iter().map(|at| if at % 3 == 0 { Fate::TokenRefused } else { Fate::Answered { success: true } }).collect())
        }
        _ => answered(places),
    };
    let renewed_once = run(&mut gets(10), fates, GOOD);
    assert_eq!((renewed_once.requests, renewed_once.answers), (2, vec![1; 10]));
    let never = run(&mut gets(10), |places, _| Batch::Parts(vec![Fate::TokenRefused; places.len()]), GOOD);
    assert_eq!(never.requests, 2);
    assert_eq!(run(&mut gets(10), |_, _| refused(Kind::TokenRefused), GOOD).requests, 2);
}

#[test]
fn what_is_missing_is_read_by_itself() {
    let half = |places: &[usize], _| {
        let fate = |at: &usize| if *at < 6 { Fate::Answered { success: true } } else { Fate::Missing };
        Batch::Parts(places.iter().map(fate).collect())
    };
    let run = run(&mut gets(10), half, GOOD);
    assert_eq!((run.requests, run.answers), (5, vec![1; 10]));
}

#[test]
fn waits_grow_and_end() {
    let mut plan = gets(2);
    let mut waits = Vec::new();
    loop {
        match plan.next(100, false) {
            Step::Batches(batches) => batches.into_iter().for_each(|places| {
                plan.batch(places, Batch::Parts(vec![Fate::Busy(None), Fate::Busy(SECOND)]));
            }),
            Step::Wait { pause, asked } => waits.push((pause.as_millis(), asked)),
            step => break assert_eq!(step, Step::Done),
        }
    }
    assert_eq!(waits, [(200, SECOND), (400, SECOND), (800, SECOND)]);
}

#[test]
fn giving_up_names_what_is_open() {
    let mut plan = gets(3);
    let Step::Batches(batches) = plan.next(100, false) else { panic!() };
    let good = Fate::Answered { success: true };
    plan.batch(batches[0].clone(), Batch::Parts(vec![good, Fate::Busy(SECOND), good]));
    assert!(matches!(plan.next(100, false), Step::Wait { asked: SECOND, .. }));
    assert_eq!(plan.give_up(), [1]);
    assert_eq!(plan.next(100, false), Step::Done);
}

/// Numbers that look random and are the same at every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn asked(&mut self) -> Option<Duration> {
        [None, SECOND][self.below(2)]
    }

    fn fate(&mut self) -> Fate {
        match self.below(12) {
            0 => Fate::Busy(self.asked()),
            1 => Fate::TokenRefused,
            2 => Fate::Missing,
            3 => Fate::Alike { perhaps_own: self.below(2) == 0 },
            4 => Fate::Final,
            other => Fate::Answered { success: other % 2 == 0 },
        }
    }

    fn refusal(&mut self) -> Refusal {
        let kind = match self.below(7) {
            0 => Kind::Busy(self.asked()),
            1 => Kind::TokenRefused,
            2 => Kind::Unacceptable { too_large: false },
            3 => Kind::Unacceptable { too_large: true },
            4 => Kind::Lost(self.asked()),
            5 => Kind::Unusable,
            _ => Kind::Final,
        };
        Refusal { kind, none_ran: self.below(2) == 0 }
    }
}

/// Whatever a server answers: no more requests than promised, nothing that changes something twice unless it is certain
/// that it was not done, and an end.
#[test]
fn whatever_is_answered() {
    for seed in 1..=3_000_u64 {
        let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ (seed << 20));
        let count = 1 + random.below(if seed % 10 == 0 { 3_000 } else { 250 });
        let parts: Vec<Part> = (0..count)
            .map(|_| {
                let is_safe = random.below(4) > 0;
                Part { is_safe, is_get: is_safe && random.below(8) > 0 }
            })
            .collect();
        let places: Vec<usize> = (0..count).filter(|_| random.below(9) > 0).collect();
        let (wanted, kindness) = (places.len(), random.below(4));
        let retries = random.below(5);
        let mut plan = Plan::new(parts.clone(), places, retries, 1 + random.below(150));
        let mut may_have_run = vec![false; count];
        let (mut requests, mut steps) = (0, 0);
        loop {
            steps += 1;
            assert!(steps < 10 * (count + 100), "{seed} has no end");
            match plan.next(1 + random.below(150), random.below(3) == 0) {
                Step::Done => break,
                Step::Renew(_) => plan.renewed(random.below(3) > 0),
                Step::Wait { .. } => {
                    if random.below(20) == 0 {
                        plan.give_up();
                    }
                }
                Step::Batches(batches) => {
                    for batch in batches {
                        requests += 1;
                        assert!(!batch.is_empty() && batch.len() <= MOST_PARTS);
                        let outcome = if random.below(20) == 0 {
                            requests -= 1;
                            Batch::Unsent
                        } else if random.below(4) < kindness {
                            Batch::Parts(batch.iter().map(|_| random.fate()).collect())
                        } else {
                            Batch::Refused(random.refusal())
                        };
                        for (index, at) in batch.iter().enumerate() {
                            assert!(parts[*at].is_safe || !may_have_run[*at], "seed {seed}: {at} is sent twice");
                            may_have_run[*at] |= match &outcome {
                                Batch::Parts(fates) => !matches!(fates[index], Fate::Busy(_) | Fate::TokenRefused),
                                Batch::Refused(refusal) => !refusal.none_ran,
                                Batch::Unsent => false,
                            };
                        }
                        plan.batch(batch, outcome);
                    }
                }
                Step::Singles(singles) => {
                    for at in singles {
                        requests += 1;
                        assert!(parts[at].is_safe || !may_have_run[at], "seed {seed}: {at} is sent twice");
                        let fate = random.fate();
                        may_have_run[at] |= !matches!(fate, Fate::Busy(_) | Fate::TokenRefused);
                        plan.single(at, fate);
                    }
                }
            }
        }
        assert!(requests <= wanted + SPARE, "seed {seed}: {requests} requests for {wanted}");
        assert_eq!(plan.open_count, 0, "seed {seed}");
        assert!(plan.open.iter().all(|open| !open));
    }
}
