//! Which secrets there are. Each configuration has its set, which its copies and the applications made of it share. A text
//! that is shown is examined for those of the application that the thread works for: what is hidden in the errors of one
//! application must not tell about the password of another. Where it is not known whose text it is, all sets are used.
//!
//! Nothing here takes a lock: a forked child makes errors as well, whatever another thread of its parent was doing.

use super::Secret;
use super::find::{Found, Search};
use arc_swap::{ArcSwap, ArcSwapOption};
use std::cell::RefCell;
use std::sync::{Arc, Weak};

/// Secrets of fewer characters may be anywhere by chance.
const SHORTEST_TO_TAKE_OUT: usize = 6;

/// The sets of the process.
static SETS: ArcSwapOption<Vec<Weak<Known>>> = ArcSwapOption::const_empty();

thread_local! {
    /// The set of the call that this thread makes.
    static OF_THIS_CALL: RefCell<Option<Arc<Known>>> = const { RefCell::new(None) };
}

/// What a secret is. Of each kind the latest are kept: servers repeat what they were sent just now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Set by the caller.
    Given,
    /// Obtained from a server or a callback.
    Token,
}

impl Kind {
    fn most(self) -> usize {
        match self {
            Kind::Given => 16,
            Kind::Token => 32,
        }
    }
}

/// The secrets of a configuration, former ones included.
#[derive(Default)]
pub(crate) struct Known {
    secrets: ArcSwap<Vec<(Kind, Secret)>>,
}

impl Known {
    /// Has a secret found from now on. It is kept and wiped with the set.
    pub fn remember(self: &Arc<Known>, kind: Kind, secret: &Secret) {
        if self.secrets.load().iter().any(|(known, own)| (*known, own) == (kind, secret)) {
            return;
        }
        self.secrets.rcu(|now| {
            let mut next = Vec::clone(now);
            next.push((kind, secret.clone()));
            if next.iter().filter(|(known, _)| *known == kind).count() > kind.most()
                && let Some(oldest) = next.iter().position(|(known, _)| *known == kind)
            {
                next.remove(oldest);
            }
            next
        });
        self.announce();
    }

    /// Makes the set one of the process.
    fn announce(self: &Arc<Known>) {
        let mine = Arc::downgrade(self);
        SETS.rcu(|sets| {
            let mut next: Vec<_> = sets.iter().flat_map(|sets| sets.iter()).filter(|set| set.strong_count() > 0).cloned().collect();
            if !next.iter().any(|set| set.ptr_eq(&mine)) {
                next.push(mine.clone());
            }
            Some(Arc::new(next))
        });
    }

    /// Says that this thread works for an application of this set, as long as the guard lives.
    pub fn enter(self: &Arc<Known>) -> Entered {
        let before = OF_THIS_CALL.try_with(|set| set.borrow_mut().replace(Arc::clone(self))).ok().flatten();
        Entered(before)
    }
}

/// The set that this thread works for, for another thread that works for it meanwhile.
pub(crate) fn of_this_thread() -> Option<Arc<Known>> {
    OF_THIS_CALL.try_with(|set| set.borrow().clone()).ok().flatten()
}

/// Ends with what [`Known::enter`] began.
pub(crate) struct Entered(Option<Arc<Known>>);

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.0.take();
        let _ = OF_THIS_CALL.try_with(|set| std::mem::replace(&mut *set.borrow_mut(), before));
    }
}

fn sets() -> Vec<Arc<Known>> {
    if let Some(own) = of_this_thread() {
        return vec![own];
    }
    SETS.load().iter().flat_map(|sets| sets.iter().filter_map(Weak::upgrade).collect::<Vec<_>>()).collect()
}

/// The length of the longest secret.
pub(crate) fn longest() -> usize {
    let longest = |set: &Arc<Known>| set.secrets.load().iter().map(|(_, secret)| secret.reveal().len()).max();
    sets().iter().filter_map(longest).max().unwrap_or(0)
}

/// Finds the secrets in a text. In one that a server wrote, a secret of a few characters spoils the whole: that it stands
/// there by chance cannot be told, and what is left would give it away. The library's own words are not examined for
/// those, nor for a word of small letters: a word of ours that is missing gives away which one it was.
pub(crate) fn find(text: &str, by_server: bool) -> Found {
    let sets = sets();
    let secrets: Vec<_> = sets.iter().map(|set| set.secrets.load_full()).collect();
    let (mut long, mut short): (Vec<&[u8]>, Vec<&[u8]>) = (Vec::new(), Vec::new());
    for secrets in &secrets {
        for (_, secret) in secrets.iter() {
            let secret = secret.reveal();
            let is_short = secret.chars().take(SHORTEST_TO_TAKE_OUT).count() < SHORTEST_TO_TAKE_OUT;
            match (by_server, is_short) {
                (true, true) => short.push(secret.as_bytes()),
                (true, false) => long.push(secret.as_bytes()),
                (false, false) if !secret.bytes().all(|byte| byte.is_ascii_lowercase()) => long.push(secret.as_bytes()),
                _ => {}
            }
        }
    }
    if !short.is_empty() && Search::new(short, false).run(text.as_bytes()) != Found::At(Vec::new()) {
        return Found::Everything;
    }
    Search::new(long, true).run(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn remembering(text: &str) -> Arc<Known> {
        let known = Arc::<Known>::default();
        known.remember(Kind::Given, &secret(text));
        known
    }

    #[test]
    fn a_set_ends_with_its_last_owner() {
        let known = remembering("a set of its own!");
        assert_ne!(find("it is a set of its own!", false), Found::At(vec![]));
        drop(known);
        assert_eq!(find("it is a set of its own!", false), Found::At(vec![]));
    }

    #[test]
    fn former_ones_are_bounded_by_kind() {
        let known = remembering("the password #1");
        for n in 0..100 {
            known.remember(Kind::Token, &secret(&format!("token-number-{n}.")));
        }
        assert_eq!(known.secrets.load().len(), 33);
        for (text, found) in
            [("the password #1", true), ("token-number-99.", true), ("token-number-68.", true), ("token-number-67.", false)]
        {
            assert_eq!(find(text, true) != Found::At(vec![]), found, "{text}");
        }
    }

    #[test]
    fn secrets_concern_their_own_application() {
        let (one, other) = (remembering("q#7"), remembering("another one"));
        let text = "q#7 is wrong";
        assert_eq!(find(text, true), Found::Everything, "nobody said whose call it is");
        {
            let _outer = other.enter();
            assert_eq!(find(text, true), Found::At(vec![]));
            assert_ne!(find("another one", true), Found::At(vec![]));
            let _inner = one.enter();
            assert_eq!(find(text, true), Found::Everything);
            assert_eq!(find(text, false), Found::At(vec![]));
            assert_eq!(find("another one", true), Found::At(vec![]));
        }
        assert_eq!(find(text, true), Found::Everything);
    }
}
