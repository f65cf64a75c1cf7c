//! P-GETs, which wait until there is something to tell.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::arrival::Arrival;
use super::exchange::{Peer, Unanswered};
use crate::handlers::events::{self, Next, Place};
use crate::http::{Answer, Request};
use crate::state::{State, lock};

/// Waits for the answer to a P-GET.
pub(super) async fn answer(peer: &Peer, arrival: &Arrival, request: &Request) -> Result<Answer, Unanswered> {
    let arrived = {
        let mut state = lock(&peer.state);
        state.catch_up();
        let arrived = arrival.let_in(&mut state, request);
        if let Err(answer) = &arrived {
            arrival.note(&mut state, answer);
        }
        arrived
    };
    let mut parked = match arrived {
        Ok(place) => Parked { state: peer.state.clone(), place, waits: true },
        Err(answer) => return Ok(answer),
    };
    loop {
        let next = {
            let mut state = lock(&peer.state);
            state.catch_up();
            let next = events::look(&mut state, &parked.place, request);
            if let Next::Answer(answer) = &next {
                parked.waits = false;
                arrival.note(&mut state, answer);
            }
            state.signals.raise();
            next
        };
        match next {
            Next::Answer(answer) => return Ok(answer),
            Next::Cut => {
                peer.ending.reset();
                return Err(Unanswered);
            }
            Next::Wait(time) => parked.wait(time).await,
        }
    }
}

/// A P-GET that waits until it is answered or its client goes away.
struct Parked {
    state: Arc<Mutex<State>>,
    place: Place,
    waits: bool,
}

impl Parked {
    /// Until it is woken, or for so long.
    async fn wait(&self, time: Option<Duration>) {
        let woken = self.place.wake.notify.notified();
        match time {
            None => woken.await,
            Some(time) => {
                tokio::select! {
                    () = woken => {}
                    () = tokio::time::sleep(time) => {}
                }
            }
        }
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        if self.waits {
            lock(&self.state).leave(&self.place.application, self.place.ticket);
        }
    }
}
