//! Which requests go together into a batch, and what follows from each outcome. Decisions only: nothing is sent here.
//!
//! The promise: for N requests at most N + [`SPARE`] are sent, batches and repetitions included, and a request that changes
//! something is sent again only where it is certain that the server did not act on it.

mod outcome;

pub(super) use outcome::{Batch, Fate, Kind, Part, Refusal, Step};

use std::collections::VecDeque;
use std::time::Duration;

/// The most parts of one batch: the limit that servers have by default.
pub(super) const MOST_PARTS: usize = 100;
/// How many more requests may be sent than there are parts.
pub(super) const SPARE: usize = 14;
/// How often batches that were turned away as a whole are tried with fewer parts: down from a hundred to one.
const HALVINGS: usize = 7;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// How far the sending of several requests has come.
pub(super) struct Plan {
    parts: Vec<Part>,
    /// How many are to be sent, and which of them have no outcome yet that stands.
    count: usize,
    open: Vec<bool>,
    open_count: usize,
    sent: usize,
    /// The most parts of a batch.
    most: usize,

    /// For batches of any division.
    waiting: Vec<usize>,
    /// For batches as they are, or smaller ones.
    divided: VecDeque<Vec<usize>>,
    /// To be sent by themselves.
    alone: Vec<usize>,
    /// A GET to be tried by itself, or under way.
    probe: Option<Probe>,
    awaiting_token: Vec<usize>,
    /// Those that the server was too busy for: they are sent again when all others have been.
    again: Vec<usize>,
    again_asked: Option<Duration>,
    wait: Option<(Duration, Option<Duration>)>,

    /// What was reported since the last step.
    refused: Vec<(Vec<usize>, Refusal)>,
    busy_alone: Vec<usize>,
    lost_alone: Vec<usize>,
    asked: Option<Duration>,
    has_answered: bool,

    /// Whether any batch was answered part by part.
    worked: bool,
    /// Whether all of the last ones were refused, so that the next is sent by itself.
    careful: bool,
    unusable: bool,
    /// Whether one was refused for another reason than too much being under way.
    doubted: bool,
    /// Where one of these succeeds by itself, it is batches that fail.
    witnesses: Vec<usize>,
    renewed: bool,
    was_lost: bool,
    retries: usize,
    /// How often the server was too busy for each.
    refusals: Vec<usize>,
    smaller_left: usize,
    lost_left: usize,
    pause: Duration,
}

/// A GET that is tried by itself to learn whether the server refuses batches or everything.
struct Probe {
    refused: Vec<usize>,
    at: usize,
    is_second: bool,
    is_sent: bool,
}

impl Plan {
    /// For those of these requests that have these places. A batch has at most `most` parts; what fails in passing is
    /// repeated `retries` times.
    pub fn new(parts: Vec<Part>, places: Vec<usize>, retries: usize, most: usize) -> Plan {
        let mut open = vec![false; parts.len()];
        places.iter().for_each(|at| open[*at] = true);
        Plan {
            count: places.len(),
            open_count: places.len(),
            open,
            sent: 0,
            most: most.clamp(1, MOST_PARTS),
            waiting: places,
            divided: VecDeque::new(),
            alone: Vec::new(),
            probe: None,
            awaiting_token: Vec::new(),
            again: Vec::new(),
            again_asked: None,
            wait: None,
            refused: Vec::new(),
            busy_alone: Vec::new(),
            lost_alone: Vec::new(),
            asked: None,
            has_answered: false,
            worked: false,
            careful: false,
            unusable: false,
            doubted: false,
            witnesses: Vec::new(),
            renewed: false,
            was_lost: false,
            retries,
            refusals: vec![0; parts.len()],
            smaller_left: retries + HALVINGS,
            lost_left: retries,
            pause: FIRST_PAUSE,
            parts,
        }
    }

    /// How many parts of a batch the server was found to take, where that is worth remembering; one is none.
    pub fn learned(&self) -> Option<usize> {
        if self.unusable {
            return Some(1);
        }
        (self.worked && self.most < MOST_PARTS).then_some(self.most)
    }

    /// What to do now. `limit` is how many parts may be under way; where it is a reduced one it may grow with each batch, and
    /// the next batch with it.
    pub fn next(&mut self, limit: usize, is_reduced: bool) -> Step {
        self.settle_batches();
        self.settle_singles();
        let is_idle = self.waiting.is_empty() && self.divided.is_empty() && self.alone.is_empty() && self.probe.is_none();
        if is_idle && self.awaiting_token.is_empty() && self.wait.is_none() && !self.again.is_empty() {
            let asked = self.again_asked.take();
            self.hold_on(asked);
        }
        if !self.awaiting_token.is_empty() {
            return Step::Renew(self.awaiting_token.clone());
        }
        if let Some((pause, asked)) = self.wait.take() {
            self.waiting.append(&mut self.again);
            return Step::Wait { pause, asked };
        }
        if let Some(probe) = self.probe.as_mut().filter(|probe| !probe.is_sent) {
            probe.is_sent = true;
            self.sent += 1;
            return Step::Singles(vec![probe.at]);
        }
        // A refused batch brings no request closer to its outcome.
        let spare = (self.count + SPARE).saturating_sub(self.sent + self.open_count);
        let size = limit.clamp(1, self.most);
        if self.unusable || size == 1 && !is_reduced || spare == 0 {
            self.alone.append(&mut self.waiting);
            self.alone.extend(self.divided.drain(..).flatten());
            if spare == 0 && self.doubted {
                self.witnesses.clone_from(&self.alone);
            }
        }
        let batches = self.batches(size, if self.careful || is_reduced { 1 } else { spare });
        if !batches.is_empty() {
            self.sent += batches.len();
            return Step::Batches(batches);
        }
        if !self.alone.is_empty() {
            self.sent += self.alone.len();
            return Step::Singles(std::mem::take(&mut self.alone));
        }
        Step::Done
    }

    fn batches(&mut self, size: usize, most: usize) -> Vec<Vec<usize>> {
        let mut batches = Vec::new();
        while batches.len() < most {
            if let Some(mut batch) = self.divided.pop_front() {
                if batch.len() > size {
                    self.divided.push_front(batch.split_off(size));
                }
                batches.push(batch);
            } else if self.waiting.is_empty() {
                break;
            } else {
                let rest = self.waiting.split_off(size.min(self.waiting.len()));
                batches.push(std::mem::replace(&mut self.waiting, rest));
            }
        }
        batches
    }

    /// A batch was answered or refused.
    pub fn batch(&mut self, places: Vec<usize>, outcome: Batch) {
        let fates = match outcome {
            Batch::Refused(refusal) => return self.refused.push((places, refusal)),
            Batch::Unsent => {
                self.sent -= 1;
                return drop(self.waiting.splice(0..0, places));
            }
            Batch::Parts(fates) => fates,
        };
        self.smaller_left = self.retries + HALVINGS;
        (self.worked, self.has_answered, self.careful) = (true, true, false);
        for (at, fate) in places.into_iter().zip(fates) {
            match fate {
                Fate::Busy(asked) if self.may_repeat(at) => {
                    self.again_asked = self.again_asked.max(asked);
                    self.again.push(at);
                }
                Fate::TokenRefused if !self.renewed => self.awaiting_token.push(at),
                // By itself, where there can be no doubt what an answer belongs to.
                Fate::Missing if self.parts[at].is_safe => self.alone.push(at),
                _ => self.close(at),
            }
        }
    }

    /// A request that was sent by itself was answered or not.
    pub fn single(&mut self, at: usize, fate: Fate) {
        if let Some(probe) = self.probe.take_if(|probe| probe.at == at) {
            return self.probed(probe, fate);
        }
        match fate {
            Fate::Busy(asked) if self.may_repeat(at) => {
                self.asked = self.asked.max(asked);
                self.busy_alone.push(at);
            }
            Fate::Missing if self.parts[at].is_safe => self.lost_alone.push(at),
            Fate::Answered { success: true } if !self.worked && !self.unusable && self.witnesses.contains(&at) => {
                self.unusable = true;
                self.close(at);
            }
            _ => self.close(at),
        }
    }

    /// Whether that one is sent by itself to learn what a refusal is about.
    pub fn tries(&self, at: usize) -> bool {
        self.probe.as_ref().is_some_and(|probe| probe.at == at)
    }

    /// The token was renewed for those that waited for it, or could not be.
    pub fn renewed(&mut self, done: bool) {
        self.renewed = true;
        let waiting = std::mem::take(&mut self.awaiting_token);
        if done {
            self.waiting.splice(0..0, waiting);
        } else {
            self.close_all(&waiting);
        }
    }

    /// Ends it; those that have no outcome that stands.
    pub fn give_up(&mut self) -> Vec<usize> {
        let open = (0..self.open.len()).filter(|at| self.open[*at]).collect();
        self.end();
        open
    }

    /// Whether one that the server was too busy for is sent again.
    fn may_repeat(&mut self, at: usize) -> bool {
        self.refusals[at] += 1;
        self.refusals[at] <= self.retries
    }

    fn end(&mut self) {
        self.waiting.clear();
        self.again.clear();
        self.divided.clear();
        self.alone.clear();
        self.awaiting_token.clear();
        (self.probe, self.wait) = (None, None);
        self.open.fill(false);
        self.open_count = 0;
    }

    fn close(&mut self, at: usize) {
        if std::mem::replace(&mut self.open[at], false) {
            self.open_count -= 1;
        }
    }

    fn close_all(&mut self, places: &[usize]) {
        places.iter().for_each(|at| self.close(*at));
    }

    /// Takes in what the batches of the last step were refused with.
    fn settle_batches(&mut self) {
        let refused = std::mem::take(&mut self.refused);
        let has_answered = std::mem::take(&mut self.has_answered);
        let mut asked = None;
        let (mut busy, mut lost, mut unusable) = (Vec::new(), Vec::new(), Vec::new());
        if !refused.is_empty() && !has_answered {
            self.careful = true;
            if refused.iter().all(|(_, refusal)| refusal.kind == Kind::Final) {
                return self.end();
            }
        }
        for (places, refusal) in refused {
            let (again, dropped): (Vec<_>, Vec<_>) = places.into_iter().partition(|at| refusal.none_ran || self.parts[*at].is_safe);
            self.close_all(&dropped);
            self.doubted |= !matches!(refusal.kind, Kind::Busy(_) | Kind::TokenRefused | Kind::Final);
            match refusal.kind {
                _ if again.is_empty() => {}
                Kind::Busy(wanted) => {
                    asked = asked.max(wanted);
                    busy.extend(again);
                }
                Kind::TokenRefused if !self.renewed => self.awaiting_token.extend(again),
                Kind::TokenRefused | Kind::Final => self.close_all(&again),
                Kind::Unacceptable { too_large } => self.divide(again, too_large),
                Kind::Lost(wanted) => {
                    asked = asked.max(wanted);
                    lost.extend(again);
                }
                Kind::Unusable => unusable.extend(again),
            }
        }
        if !busy.is_empty() {
            if spend(&mut self.smaller_left) {
                self.waiting.extend(busy);
                self.hold_on(asked);
            } else {
                self.close_all(&busy);
            }
        }
        if !lost.is_empty() && spend(&mut self.lost_left) {
            self.waiting.splice(0..0, std::mem::take(&mut lost));
            self.after_loss(asked);
        }
        unusable.extend(lost);
        if !unusable.is_empty() {
            self.try_one(unusable);
        }
    }

    /// Takes in which requests by themselves met a busy server, or got no answer.
    fn settle_singles(&mut self) {
        let (busy, mut lost) = (std::mem::take(&mut self.busy_alone), std::mem::take(&mut self.lost_alone));
        let asked = if busy.is_empty() { None } else { self.asked.take() };
        if !lost.is_empty() && !spend(&mut self.lost_left) {
            self.close_all(&std::mem::take(&mut lost));
        }
        if !busy.is_empty() {
            self.hold_on(asked);
        } else if !lost.is_empty() {
            self.after_loss(None);
        }
        let mut again = [busy, lost].concat();
        // No more than may be sent.
        let most = (self.count + SPARE).saturating_sub(self.sent + self.open_count - again.len());
        let dropped = again.split_off(most.min(again.len()));
        self.close_all(&dropped);
        self.alone.extend(again);
    }

    fn after_loss(&mut self, asked: Option<Duration>) {
        // Most often the server closed an idle connection just then: a new one is tried at once.
        if std::mem::replace(&mut self.was_lost, true) || asked.is_some() {
            self.hold_on(asked);
        }
    }

    /// Waits before the next step, each time twice as long.
    fn hold_on(&mut self, asked: Option<Duration>) {
        match &mut self.wait {
            Some((_, before)) => *before = (*before).max(asked),
            None => {
                self.wait = Some((self.pause, asked));
                self.pause *= 2;
            }
        }
    }

    /// Halves a batch that was refused for what is in it.
    fn divide(&mut self, mut places: Vec<usize>, too_large: bool) {
        if places.len() <= 2 {
            self.witnesses.extend(&places);
            return self.alone.extend(places);
        }
        let half = places.len().div_ceil(2);
        if too_large {
            self.most = self.most.min(half);
        }
        let second = places.split_off(half);
        self.divided.extend([places, second]);
    }

    /// Tries one of these by itself. Where none can be tried without changing something, all go by themselves.
    fn try_one(&mut self, refused: Vec<usize>) {
        match refused.iter().copied().find(|at| self.parts[*at].is_get) {
            Some(at) => self.probe = Some(Probe { refused, at, is_second: false, is_sent: false }),
            None => self.alone.extend(refused),
        }
    }

    fn probed(&mut self, mut probe: Probe, fate: Fate) {
        probe.refused.retain(|at| *at != probe.at);
        let perhaps_own = match fate {
            Fate::Answered { .. } | Fate::TokenRefused => {
                self.close(probe.at);
                self.unusable |= !self.worked;
                return self.alone.extend(probe.refused);
            }
            Fate::Busy(asked) => {
                self.unusable |= !self.worked;
                self.asked = self.asked.max(asked);
                self.busy_alone.push(probe.at);
                return self.alone.extend(probe.refused);
            }
            Fate::Alike { perhaps_own } => perhaps_own,
            Fate::Missing | Fate::Final => false,
        };
        self.close(probe.at);
        let other = probe.refused.iter().copied().find(|at| self.parts[*at].is_get);
        if let (true, false, Some(at)) = (perhaps_own, probe.is_second, other) {
            self.probe = Some(Probe { at, is_second: true, is_sent: false, ..probe });
            return;
        }
        // It is not for being a batch that they were refused.
        self.close_all(&probe.refused);
        if !self.worked {
            self.end();
        }
    }
}

/// Whether there was patience left, of which there is less now.
fn spend(patience: &mut usize) -> bool {
    match patience.checked_sub(1) {
        Some(left) => *patience = left,
        None => return false,
    }
    true
}

#[cfg(test)]
mod tests;
