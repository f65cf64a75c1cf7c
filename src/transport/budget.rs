//! How much may be under way at once. The server counts a user's requests, parts of batches included, and refuses what goes
//! beyond its limit. `limit` learns how much that is; this keeps to it.

use super::limit::{Limit, Sent};
use crate::clock;
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The outstanding requests of one application.
pub(super) struct Budget {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    limit: Limit,
    /// How much is under way, without what is reserved.
    out: usize,
    /// For pending GETs.
    reserved: usize,
    /// The requests that wait for room, in the order in which they came.
    waiting: VecDeque<u64>,
    arrivals: u64,
}

/// So many requests under way; given back when dropped.
pub(super) struct Share<'a> {
    budget: &'a Budget,
    parts: usize,
    sent: Sent,
}

/// A request has more parts than may be under way by now.
#[derive(Debug)]
pub(super) struct TooManyParts;

impl Budget {
    pub fn new(most: usize) -> Budget {
        let state = State { limit: Limit::new(most), out: 0, reserved: 0, waiting: VecDeque::new(), arrivals: 0 };
        Budget { state: Mutex::new(state), changed: Notify::new() }
    }

    /// How much may be under way just now, in addition to what is reserved.
    pub fn limit(&self) -> usize {
        self.state().room()
    }

    /// Whether the server was found to take less than what was configured.
    pub fn is_reduced(&self) -> bool {
        self.state().limit.is_reduced()
    }

    /// Waits for room for a request of so many parts, behind those that came before. A request that is larger than the limit
    /// would be refused, and is not to be sent.
    pub async fn share(&self, parts: usize) -> Result<Share<'_>, TooManyParts> {
        self.take(parts.max(1), |state, parts| state.out += parts).await
    }

    /// Reserves one for a pending GET, for as long as the budget exists: such a GET is under way all the time, and the next
    /// one follows at once. `false` where that would leave nothing for calls; then the GET is not counted.
    pub async fn reserve(&self) -> bool {
        if self.state().room() < 2 {
            return false;
        }
        let taken = self.take(1, |state, parts| state.reserved += parts).await;
        // It is kept.
        taken.map(std::mem::forget).is_ok()
    }

    /// What is under way now, for a request whose place is reserved.
    pub fn sent_by_reservation(&self) -> Sent {
        self.state().sent()
    }

    /// The server refused a request because it has too many.
    pub fn refused(&self, sent: Sent) {
        self.state().limit.refused(sent, clock::now());
        // Those that wait may be too large now.
        self.changed.notify_waiters();
    }

    /// The server answered a request of so many parts.
    pub fn accepted(&self, sent: Sent, parts: usize) {
        let mut state = self.state();
        state.limit.accepted(sent, parts, clock::now());
        self.wake(&state);
    }

    async fn take(&self, parts: usize, count: impl Fn(&mut State, usize)) -> Result<Share<'_>, TooManyParts> {
        let mut place = Place { budget: self, number: None };
        loop {
            let mut changed = pin!(self.changed.notified());
            {
                let mut state = self.state();
                if parts > state.room() {
                    break Err(TooManyParts);
                }
                let is_next = state.waiting.front().is_none_or(|first| Some(*first) == place.number);
                if is_next && state.out + parts <= state.room() {
                    count(&mut state, parts);
                    break Ok(Share { budget: self, parts, sent: state.sent() });
                }
                if place.number.is_none() {
                    state.arrivals += 1;
                    let number = state.arrivals;
                    state.waiting.push_back(number);
                    place.number = Some(number);
                }
                // Before the lock is released, so that no change falls between the two.
                changed.as_mut().enable();
            }
            changed.await;
        }
    }

    /// Has those that wait look again.
    fn wake(&self, state: &State) {
        if !state.waiting.is_empty() {
            self.changed.notify_waiters();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// However low the limit is, one call can go on.
    fn room(&self) -> usize {
        self.limit.now().saturating_sub(self.reserved).max(1)
    }

    fn sent(&self) -> Sent {
        self.limit.sent(self.out + self.reserved)
    }
}

impl Share<'_> {
    /// What was under way when it was given.
    pub fn sent(&self) -> Sent {
        self.sent
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut state = self.budget.state();
        state.out -= self.parts;
        self.budget.wake(&state);
    }
}

/// The place of a request that waits. It is left when the request goes on, and when its call ends.
struct Place<'a> {
    budget: &'a Budget,
    number: Option<u64>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let mut state = self.budget.state();
            state.waiting.retain(|other| *other != number);
            self.budget.wake(&state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use futures_util::future::LocalBoxFuture;

    type Waiting<'a> = LocalBoxFuture<'a, Result<Share<'a>, TooManyParts>>;

    fn now<'a>(future: &mut Waiting<'a>) -> Option<Result<Share<'a>, TooManyParts>> {
        future.as_mut().now_or_never()
    }

    fn ask(budget: &Budget, parts: usize) -> Waiting<'_> {
        budget.share(parts).boxed_local()
    }

    /// What is under way, what is reserved, and how many wait.
    fn counts(budget: &Budget) -> (usize, usize, usize) {
        let state = budget.state();
        (state.out, state.reserved, state.waiting.len())
    }

    #[test]
    fn a_request_that_is_larger_than_the_limit_is_not_sent() {
        let budget = Budget::new(8);
        assert!(matches!(now(&mut ask(&budget, 9)), Some(Err(TooManyParts))));
        let all = now(&mut ask(&budget, 8)).unwrap().unwrap();
        let mut waiting = ask(&budget, 5);
        assert!(now(&mut waiting).is_none());
        budget.refused(all.sent());
        assert!(matches!(now(&mut waiting), Some(Err(TooManyParts))), "the limit is lower by now");
        let mut fits = ask(&budget, 4);
        assert!(now(&mut fits).is_none(), "more is under way than may be");
        drop(all);
        drop(now(&mut fits).unwrap().unwrap());
        assert_eq!(counts(&budget), (0, 0, 0));
    }

    #[test]
    fn a_pending_get_keeps_its_place() {
        let budget = Budget::new(100);
        let all = now(&mut ask(&budget, 100)).unwrap().unwrap();
        let mut reserving = budget.reserve().boxed_local();
        assert!(reserving.as_mut().now_or_never().is_none(), "it would be one too many");
        let mut later = ask(&budget, 1);
        assert!(now(&mut later).is_none());
        drop(all);
        assert_eq!(reserving.as_mut().now_or_never(), Some(true));
        drop(now(&mut later).unwrap().unwrap());
        assert_eq!((budget.limit(), counts(&budget)), (99, (0, 1, 0)));
        // However often the server refuses, a call has room.
        for _ in 0..9 {
            budget.refused(budget.sent_by_reservation());
        }
        assert_eq!(budget.limit(), 1);
        drop(now(&mut ask(&budget, 1)).unwrap().unwrap());
        let small = Budget::new(1);
        assert_eq!(small.reserve().now_or_never(), Some(false));
        drop(now(&mut ask(&small, 1)).unwrap().unwrap());
    }

    #[test]
    fn those_that_came_first_go_first_and_a_call_that_ends_leaves_its_place() {
        let budget = Budget::new(10);
        let some = now(&mut ask(&budget, 6)).unwrap().unwrap();
        let (mut large, mut small) = (ask(&budget, 10), ask(&budget, 1));
        assert!(now(&mut large).is_none() && now(&mut small).is_none(), "small ones do not keep a large one from its turn");
        drop(large);
        drop((now(&mut small).unwrap().unwrap(), some));
        assert_eq!(counts(&budget), (0, 0, 0));
    }

    /// Requests of all sizes come, wait, are given up, refused and answered, in any order.
    #[test]
    fn never_more_than_the_limit_and_nothing_is_lost() {
        for seed in 1..300_u64 {
            let mut seed = seed;
            let mut roll = |sides: usize| {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                usize::try_from(seed % u64::try_from(sides).unwrap()).unwrap()
            };
            let most = 1 + roll(120);
            let budget = Budget::new(most);
            let mut reserved = 0;
            let (mut waiting, mut under_way): (Vec<Waiting<'_>>, Vec<Share<'_>>) = (Vec::new(), Vec::new());
            for _ in 0..400 {
                match roll(6) {
                    0 | 1 => waiting.push(ask(&budget, 1 + roll(most + 3))),
                    2 if !waiting.is_empty() => drop(waiting.swap_remove(roll(waiting.len()))),
                    2 if reserved == 0 => reserved = usize::from(budget.reserve().now_or_never() == Some(true)),
                    3 | 4 if !under_way.is_empty() => {
                        let share = under_way.swap_remove(roll(under_way.len()));
                        budget.accepted(share.sent(), share.parts);
                    }
                    5 if !under_way.is_empty() && roll(3) == 0 => {
                        let share = under_way.swap_remove(roll(under_way.len()));
                        budget.refused(share.sent());
                    }
                    _ => {}
                }
                waiting.retain_mut(|one| match now(one) {
                    Some(Ok(share)) => {
                        let out: usize = under_way.iter().map(|share| share.parts).sum::<usize>() + share.parts;
                        assert!(out + reserved <= most.max(reserved + 1) && out <= budget.limit(), "{out} of {most}");
                        under_way.push(share);
                        false
                    }
                    Some(Err(TooManyParts)) => false,
                    None => true,
                });
                assert_eq!(counts(&budget).0, under_way.iter().map(|share| share.parts).sum::<usize>());
            }
            under_way.clear();
            waiting.clear();
            assert_eq!(counts(&budget), (0, reserved, 0));
            let mut all = ask(&budget, budget.limit());
            assert!(now(&mut all).unwrap().is_ok(), "all of it can be had again");
        }
    }
}
