//! How much may be under way at once. The server counts a user's requests, parts of batches included, and turns away
//! what goes beyond its limit; the limit may change, so it is learned from what it turns away.

use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, Semaphore};

/// The outstanding requests of one application.
pub(super) struct Budget {
    free: Semaphore,
    state: Mutex<State>,
    shrunk: Notify,
}

struct State {
    most: usize,
    limit: usize,
    /// How much of it is set aside.
    aside: usize,
    /// Permits that are to be taken back once they are returned.
    debt: usize,
}

/// So many requests under way; given back when dropped.
pub(super) struct Share<'a> {
    budget: &'a Budget,
    size: usize,
    aside: bool,
}

impl Budget {
    pub fn new(most: usize) -> Budget {
        let most = most.max(1);
        Budget { free: Semaphore::new(most), state: Mutex::new(State { most, limit: most, aside: 0, debt: 0 }), shrunk: Notify::new() }
    }

    /// How much may be under way just now, beside what is set aside.
    pub fn limit(&self) -> usize {
        let state = self.state();
        state.limit.saturating_sub(state.aside).max(1)
    }

    /// Takes one from what the others may have, for as long as the share is kept, and does not wait for it.
    pub fn set_aside(&self) -> Share<'_> {
        let mut state = self.state();
        if state.limit < state.aside + 2 {
            // The last one stays for what the caller asks.
            return Share { budget: self, size: 0, aside: false };
        }
        state.aside += 1;
        state.debt += 1 - self.free.forget_permits(1);
        drop(state);
        self.shrunk.notify_waiters();
        Share { budget: self, size: 1, aside: true }
    }

    /// Waits for room for a request of so many parts; what is larger than the whole budget takes all of it.
    pub async fn share(&self, parts: usize) -> Share<'_> {
        loop {
            let mut shrunk = std::pin::pin!(self.shrunk.notified());
            shrunk.as_mut().enable();
            self.settle();
            let size = parts.clamp(1, self.limit());
            let room = self.free.acquire_many(u32::try_from(size).unwrap_or(u32::MAX));
            tokio::select! {
                biased;
                permit = room => {
                    // The semaphore is never closed.
                    if let Ok(permit) = permit {
                        permit.forget();
                    }
                    return Share { budget: self, size, aside: false };
                }
                // The share waited for may be more than there is now.
                () = shrunk => {}
            }
        }
    }

    /// The server turned a request away.
    pub fn halve(&self) {
        let mut state = self.state();
        let smaller = (state.limit / 2).max(state.aside + 1);
        let surplus = state.limit - smaller;
        state.debt += surplus - self.free.forget_permits(surplus);
        state.limit = smaller;
        drop(state);
        self.shrunk.notify_waiters();
    }

    /// The server took a request: a little more is dared.
    pub fn restore(&self) {
        let mut state = self.state();
        if state.limit < state.most {
            state.limit += 1;
            give_back(&self.free, &mut state, 1);
        }
    }

    /// Takes back what is owed: who waits holds on to permits, and gives them back when the budget shrinks.
    fn settle(&self) {
        let mut state = self.state();
        state.debt -= self.free.forget_permits(state.debt);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn give_back(free: &Semaphore, state: &mut State, permits: usize) {
    let owed = state.debt.min(permits);
    state.debt -= owed;
    free.add_permits(permits - owed);
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut state = self.budget.state();
        if self.aside {
            state.aside -= 1;
        }
        give_back(&self.budget.free, &mut state, self.size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn halving_takes_back_and_restoring_gives() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let budget = Budget::new(8);
            let six = budget.share(6).await;
            budget.halve();
            assert_eq!((budget.limit(), budget.free.available_permits()), (4, 0), "two were free, two are owed");
            drop(six);
            assert_eq!(budget.free.available_permits(), 4);
            for _ in 0..9 {
                budget.restore();
            }
            assert_eq!((budget.limit(), budget.free.available_permits()), (8, 8));
            drop(budget.share(100).await);
            assert_eq!(budget.free.available_permits(), 8);
        });
    }

    #[test]
    fn what_is_set_aside_is_not_there_for_others() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let budget = Budget::new(4);
            let all = budget.share(4).await;
            let aside = budget.set_aside();
            assert_eq!((budget.limit(), budget.free.available_permits()), (3, 0));
            drop(all);
            assert_eq!(budget.free.available_permits(), 3, "one is owed");
            assert_eq!(budget.share(4).await.size, 3);
            drop(aside);
            assert_eq!((budget.limit(), budget.free.available_permits()), (4, 4));
            // With a budget of one there is always room for a call.
            let aside = budget.set_aside();
            for _ in 0..9 {
                budget.halve();
            }
            assert_eq!(budget.share(9).await.size, 1);
            drop(aside);
            let small = Budget::new(1);
            let _aside = small.set_aside();
            assert_eq!(small.share(9).await.size, 1);
        });
    }

    #[test]
    fn who_waits_for_more_than_there_is_takes_less() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let budget = Budget::new(4);
            let one = budget.share(1).await;
            let waiting = budget.share(4);
            tokio::pin!(waiting);
            assert!(waiting.as_mut().now_or_never().is_none());
            budget.halve();
            assert!(waiting.as_mut().now_or_never().is_none(), "one of two is out");
            drop(one);
            assert_eq!(waiting.await.size, 2);
        });
    }
}
