//! Reading bodies: how long each may be, and how many large ones an application holds at once.

use super::connect;
use super::message::{Answer, Failure};
use crate::error::Error;
use crate::limits::{self, ItemCounter};
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit};
use url::Url;

/// Bodies up to this length are read without waiting for others.
const SMALL: usize = 64 << 10;
/// How much room a large body takes at a time.
const STEP: u32 = 1 << 20;
/// From this capacity on a body grows by as much, and no longer to twice its size.
const LARGEST_STEP: usize = 4 << 20;

/// The room for the bodies of an application's answers.
pub(super) struct Bodies {
    growing: Semaphore,
    /// A permit is a byte.
    large: Arc<Semaphore>,
    /// Held by the body that becomes large: two that wait for each other's room would wait for ever.
    turn: Mutex<()>,
}

/// The room that a large body takes. It is given back when the last that was made of the body is gone.
#[derive(Debug)]
pub(crate) struct Room {
    large: Arc<Semaphore>,
    size: u32,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.large.add_permits(self.size as usize);
    }
}

impl Bodies {
    pub fn new() -> Bodies {
        Bodies {
            growing: Semaphore::new(limits::GROWING_BODIES),
            large: Arc::new(Semaphore::new(limits::LARGE_BODIES)),
            turn: Mutex::default(),
        }
    }
}

/// What a body that is being read holds of the room.
struct Claim<'a> {
    bodies: &'a Bodies,
    growing: Option<SemaphorePermit<'a>>,
    turn: Option<MutexGuard<'a, ()>>,
    room: Room,
}

impl<'a> Claim<'a> {
    fn new(bodies: &'a Bodies) -> Claim<'a> {
        Claim { bodies, growing: None, turn: None, room: Room { large: Arc::clone(&bodies.large), size: 0 } }
    }

    /// Waits until there is room for a body of this length.
    async fn extend(&mut self, length: usize) {
        if length <= SMALL {
            return;
        }
        if self.growing.is_none() {
            // The semaphores are never closed.
            self.growing = self.bodies.growing.acquire().await.ok();
        }
        if length <= limits::LARGE {
            return;
        }
        if self.turn.is_none() {
            self.turn = Some(self.bodies.turn.lock().await);
        }
        while (self.room.size as usize) < length {
            if let Ok(permit) = self.bodies.large.acquire_many(STEP).await {
                permit.forget();
            }
            self.room.size += STEP;
        }
    }

    /// The room of a body that was read.
    fn settle(mut self, length: usize) -> Option<Arc<Room>> {
        let length = u32::try_from(length).unwrap_or(u32::MAX).min(self.room.size);
        if length == 0 || self.turn.is_none() {
            return None;
        }
        self.room.large.add_permits((self.room.size - length) as usize);
        self.room.size = length;
        Some(Arc::new(self.room))
    }
}

/// Reads an answer with its whole body. Most bodies come in one piece, which is then not copied.
pub(super) async fn read(mut response: connect::Response, url: &Url, bodies: &Bodies) -> std::result::Result<Answer, Failure> {
    let status = response.status().as_u16();
    let size: usize = response.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size > limits::HEADERS {
        return Err(Failure::unusable(too_many_headers()));
    }
    let headers = response.headers().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut answer = Answer::new(url.clone(), status, headers);
    let is_refusal = status >= 300;
    let most = if is_refusal { limits::REFUSAL } else { limits::BODY };
    if !is_refusal && response.content_length().is_some_and(|length| length > most as u64) {
        return Err(Failure::unusable(too_long()));
    }
    let counts = answer.may_be_json();
    let mut counter: Option<ItemCounter> = None;
    let mut claim = Claim::new(bodies);
    let mut body = response.chunk().await?.unwrap_or_default();
    let mut gathered: Vec<u8> = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if gathered.is_empty() {
            append(&mut gathered, &body);
            body = Bytes::new();
        }
        let length = gathered.len() + piece.len();
        if length > most {
            if !is_refusal {
                return Err(Failure::unusable(too_long()));
            }
            let fitting = most - gathered.len();
            append(&mut gathered, &piece[..fitting]);
            answer.is_cut = true;
            break;
        }
        if length > SMALL {
            claim.extend(length).await;
            // What is decompressed is there at once: the call may end in between.
            tokio::task::yield_now().await;
        }
        append(&mut gathered, &piece);
        if counts && ItemCounter::is_needed(length) {
            let is_accepted = match &mut counter {
                Some(counter) => counter.add(&piece),
                None => counter.insert(ItemCounter::default()).add(&gathered),
            };
            if !is_accepted {
                return Err(Failure::unusable(Error::protocol(limits::too_many_items())));
            }
        }
    }
    if !gathered.is_empty() {
        body = gathered.into();
    }
    if is_refusal && body.len() > most {
        body.truncate(most);
        answer.is_cut = true;
    }
    if body.len() > most {
        return Err(Failure::unusable(too_long()));
    }
    answer.is_counted = true;
    answer.room = claim.settle(body.len());
    answer.take_body(body);
    Ok(answer)
}

/// Adds to a body, which grows by less than its own size once it is large.
fn append(gathered: &mut Vec<u8>, piece: &[u8]) {
    if gathered.capacity() - gathered.len() < piece.len() {
        gathered.reserve_exact(piece.len().max(gathered.capacity().min(LARGEST_STEP)));
    }
    gathered.extend_from_slice(piece);
}

/// What a failure before the body means.
pub(super) fn head_failure(failure: Failure) -> Failure {
    // The words of the HTTP reader, which gives no other way to tell.
    if failure.error.message().contains("message head is too large") {
        return Failure::unusable(too_many_headers());
    }
    failure
}

fn too_long() -> Error {
    Error::protocol(format!("the answer is longer than {} MiB, which is the limit", limits::BODY >> 20))
}

fn too_many_headers() -> Error {
    Error::protocol(format!("the answer has more headers than are taken: {} KiB, and 100 of them", limits::HEADERS >> 10))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn large_bodies_wait_for_room_and_give_it_back() {
        let bodies = Bodies::new();
        let mut first = Claim::new(&bodies);
        first.extend(SMALL).now_or_never().unwrap();
        assert!(first.growing.is_none());
        first.extend(limits::LARGE).now_or_never().unwrap();
        assert!(first.growing.is_some() && first.turn.is_none());
        first.extend(limits::BODY).now_or_never().unwrap();
        let mut second = Claim::new(&bodies);
        assert!(second.extend(limits::LARGE + 1).now_or_never().is_none(), "the first one still grows");
        let kept = first.settle(limits::BODY - 1000).unwrap();
        assert_eq!(bodies.large.available_permits(), 1000);
        assert!(second.extend(limits::LARGE + 1).now_or_never().is_none(), "there is not room enough");
        drop(kept);
        second.extend(limits::LARGE + 1).now_or_never().unwrap();
        drop(second);
        assert_eq!(bodies.large.available_permits(), limits::LARGE_BODIES);
        assert!(Claim::new(&bodies).settle(10).is_none());
    }
}
