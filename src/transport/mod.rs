//! HTTP. The only place that names reqwest: connections, deadlines, cancelling, repeating, and where secrets may go.
//!
//! The client is reqwest's async one on a current-thread runtime that the calling threads drive themselves: no thread of
//! ours in between, and a call that waits can be cancelled at any point.

mod body;
mod budget;
mod cancel;
mod connect;
mod counts;
mod descriptors;
mod limit;
mod message;
mod repeat;

pub(crate) use body::Room;
pub(crate) use cancel::{Call, Cancel};
pub(crate) use counts::Counts;
pub(crate) use message::{Answer, Body, Method, Request};

use crate::clock;
use crate::config::Config;
use crate::error::{Error, Result, Status};
use crate::health::Health;
use crate::logging;
use crate::recovery::{Effect, Stage};
use crate::secret::{self, Secret};
use crate::threads;
use body::Bodies;
use budget::{Budget, Share, TooManyParts};
use connect::Client;
use descriptors::Witness;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use message::Failure;
use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;
use url::Url;

/// How many of several requests are sent at once: each takes a connection.
const AT_ONCE: usize = 16;

/// After what time without an answer a server counts as silent, where another one may be found.
const SILENCE: Duration = Duration::from_secs(10);

/// How long dropping waits for threads that look names up. There are two transports, and freeing is over in 100 ms.
const FAREWELL: Duration = Duration::from_millis(25);

/// How often a call that waits wakes to look whether the descriptors that would wake it are still there: cancelling is over in
/// 100 ms even if they are not.
const LOOK: Duration = Duration::from_millis(50);

thread_local! {
    /// Whether this thread hands on an answer while others are under way, which do not go on meanwhile.
    static HANDING_ON: Cell<bool> = const { Cell::new(false) };
}

/// The connections of one application.
pub(crate) struct Transport {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    client: RwLock<Client>,
    witness: Arc<Witness>,
    /// How often its calls look for the witness: not at all where they wait most of the time.
    look: Option<Duration>,
    shared: Arc<Shared>,
    nudged: Notify,
    health: Arc<Health>,
    /// Set once a place in the budget is reserved for the pending GETs sent from here.
    reserved: AtomicBool,
    insecure_http: bool,
}

/// What all connections of an application have in common.
struct Shared {
    cancel: Cancel,
    budget: Budget,
    bodies: Bodies,
    counts: Counts,
}

impl Transport {
    pub fn new(config: &Config) -> Result<Transport> {
        let most = usize::try_from(config.number("max_outstanding")).unwrap_or(1);
        let shared = Shared { cancel: Cancel::default(), budget: Budget::new(most), bodies: Bodies::new(), counts: Counts::default() };
        Transport::with(config, Arc::new(shared), Some(LOOK))
    }

    /// Connections of their own for one thread that waits most of the time: whoever calls meanwhile does not have to
    /// share a runtime with it. They end with these, and count as these.
    pub fn beside(&self, config: &Config) -> Result<Transport> {
        Transport::with(config, Arc::clone(&self.shared), None)
    }

    fn with(config: &Config, shared: Arc<Shared>, look: Option<Duration>) -> Result<Transport> {
        let no_descriptor =
            |error: std::io::Error| Error::new(Status::Internal, format!("the system gave no descriptor to wait with: {error}"));
        let witness = Arc::new(Witness::new().map_err(no_descriptor)?);
        let runtime = Builder::new_current_thread()
            .enable_all()
            // Those that wait for the system's name resolution.
            .on_thread_start(threads::keep_signals_away)
            .on_thread_unpark({
                let witness = Arc::clone(&witness);
                move || witness.after_waiting()
            })
            .build()
            .map_err(no_descriptor)?;
        Ok(Transport {
            client: RwLock::new(Client::new(config)?),
            runtime: Some(runtime),
            witness,
            look,
            shared,
            nudged: Notify::new(),
            health: config.health(),
            reserved: AtomicBool::new(false),
            insecure_http: config.flag("allow_insecure_http"),
        })
    }

    /// Takes over what may change while signed in. Connections are made anew.
    pub fn reconfigure(&self, config: &Config) -> Result<()> {
        self.check_descriptors()?;
        let client = Client::new(config)?;
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = client;
        Ok(())
    }

    /// Ends every call that waits, and all later ones.
    pub fn cancel(&self) {
        self.shared.cancel.cancel();
    }

    pub fn is_cancelled(&self) -> bool {
        self.shared.cancel.is_cancelled()
    }

    /// Ends the wait of [`send_unless_nudged`](Transport::send_unless_nudged), or its next one.
    pub fn nudge(&self) {
        self.nudged.notify_one();
    }

    pub fn counts(&self) -> &Counts {
        &self.shared.counts
    }

    /// Drives a future on the calling thread until it is done, the call's time is up, or the application is cancelled.
    pub fn run<T: Send>(&self, call: &Call, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.drive(self.bound(call, work))
    }

    /// Waits, unless the call's time is up or the application is cancelled before.
    pub fn pause(&self, call: &Call, wait: Duration) -> Result<()> {
        self.shared.cancel.pause(call, clock::wait(wait))
    }

    /// Whether the process still has the descriptors of these connections. Without them nothing can be waited for, and nobody
    /// can be woken.
    pub fn has_descriptors(&self) -> bool {
        self.witness.is_there()
    }

    fn check_descriptors(&self) -> Result<()> {
        if self.has_descriptors() {
            return Ok(());
        }
        // Nothing can be done with the application any more.
        self.cancel();
        Err(descriptors::closed_by_the_program())
    }

    async fn bound<T>(&self, call: &Call, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.shared.cancel.bound(call, self.look, work).await
    }

    /// How many requests, parts of batches included, may be under way just now.
    pub fn limit(&self) -> usize {
        self.shared.budget.limit()
    }

    /// Whether that is less than what was configured, because the server refused some.
    pub fn limit_is_reduced(&self) -> bool {
        self.shared.budget.is_reduced()
    }

    fn drive<T: Send>(&self, bounded: impl Future<Output = Result<T>> + Send) -> Result<T> {
        debug_assert!(!HANDING_ON.get(), "what is asked while an answer is handed on may wait for the requests beside that one");
        let Some(runtime) = &self.runtime else { return Err(Error::cancelled()) };
        self.check_descriptors()?;
        let guarded = descriptors::guarded(Arc::clone(&self.witness), bounded);
        let outcome = self.drive_guarded(runtime, guarded);
        if self.witness.is_gone() {
            // Nothing can be done with the application any more.
            self.cancel();
        }
        outcome
    }

    fn drive_guarded<T: Send>(&self, runtime: &Runtime, guarded: impl Future<Output = Result<T>> + Send) -> Result<T> {
        if can_be_driven_here() {
            return runtime.block_on(guarded);
        }
        let known = secret::of_this_thread();
        std::thread::scope(|scope| {
            let helper = scope.spawn(|| {
                let _entered = known.as_ref().map(|known| known.enter());
                threads::keep_signals_away();
                runtime.block_on(guarded)
            });
            helper.join().unwrap_or_else(|_| Err(Error::new(Status::Internal, "the helper thread panicked")))
        })
    }

    /// Sends one request, repeated where that is worth it and safe. Any HTTP status is an answer.
    pub fn send(&self, call: &Call, request: &Request, token: Option<&Secret>) -> Result<Answer> {
        self.run(call, self.exchange(call, request, token)).map_err(|error| explained(call, request, error))
    }

    /// The same, or `None` where somebody nudges before the answer is there.
    pub fn send_unless_nudged(&self, call: &Call, request: &Request, token: Option<&Secret>) -> Result<Option<Answer>> {
        let work = async {
            tokio::select! {
                biased;
                () = self.nudged.notified() => Ok(None),
                answer = self.exchange(call, request, token) => answer.map(Some),
            }
        };
        self.run(call, work).map_err(|error| explained(call, request, error))
    }

    /// Sends several at once, and hands on each answer with its place as soon as it is there: they are not held together.
    /// Each is bound by the call's time; what came before it was over is kept. Whoever takes them asks nothing of the server
    /// meanwhile.
    pub fn send_each(&self, call: &Call, requests: &[(Request, Option<Secret>)], take: &mut dyn FnMut(usize, Result<Answer>)) {
        let each = (0..requests.len()).map(|at| -> BoxFuture<'_, (usize, Result<Answer>)> {
            let (request, token) = &requests[at];
            Box::pin(async move { (at, self.named(call, request, token.as_ref()).await) })
        });
        let mut under_way = pin!(stream::iter(each).buffer_unordered(AT_ONCE));
        let mut taken = vec![false; requests.len()];
        loop {
            match self.drive(async { Ok(under_way.next().await) }) {
                Ok(Some((at, answer))) => {
                    taken[at] = true;
                    HANDING_ON.set(true);
                    take(at, answer);
                    HANDING_ON.set(false);
                }
                Ok(None) => return,
                Err(error) => {
                    let rest = taken.iter().enumerate().filter(|(_, taken)| !**taken);
                    return rest.for_each(|(at, _)| take(at, Err(error.clone())));
                }
            }
        }
    }

    async fn named(&self, call: &Call, request: &Request, token: Option<&Secret>) -> Result<Answer> {
        let answer = self.bound(call, self.exchange(call, request, token)).await;
        answer.map_err(|error| explained(call, request, error))
    }

    /// One request with its repetitions.
    pub async fn exchange(&self, call: &Call, request: &Request, token: Option<&Secret>) -> Result<Answer> {
        let mut plan = repeat::Plan::new(call, request);
        loop {
            let mut outcome = Box::pin(self.recorded_attempt(call, request, token)).await;
            match plan.next_wait(&mut outcome) {
                Some(wait) => {
                    self.shared.counts.retried();
                    logging::info!("{}: {}; again in {} ms", request.name(), describe(&outcome), wait.as_millis());
                    tokio::time::sleep(wait).await;
                }
                None => return outcome.map_err(|failure| failure.error.at_stage(failure.stage)),
            }
        }
    }

    /// One attempt. The call keeps in mind whether it may have changed something, even if the attempt is given up halfway.
    async fn recorded_attempt(&self, call: &Call, request: &Request, token: Option<&Secret>) -> std::result::Result<Answer, Failure> {
        let changes = request.effect == Effect::Lasting;
        if changes {
            call.tried.sends_change();
        }
        let outcome = self.attempt(call, request, token).await;
        if changes && !repeat::outcome_of(&outcome).may_have_been_processed() {
            call.tried.not_processed();
        }
        outcome
    }

    async fn attempt(&self, call: &Call, request: &Request, token: Option<&Secret>) -> std::result::Result<Answer, Failure> {
        let carries_secret = token.is_some() || request.is_secret();
        if carries_secret && !self.may_carry_secrets(&request.url) {
            return Err(Failure::unsent(Error::new(
                Status::AuthenticationFailed,
                format!(
                    "a password or token would go over plain http to {}; only https may carry one (allow_insecure_http lifts this)",
                    request.url.host_str().unwrap_or_default()
                ),
            )));
        }
        let budget = &self.shared.budget;
        let share = match request.parts {
            0 => {
                self.reserve().await;
                None
            }
            parts => Some(budget.share(parts).await.map_err(|TooManyParts| Failure::unsent(too_many_parts()))?),
        };
        let under_way = share.as_ref().map_or_else(|| budget.sent_by_reservation(), Share::sent);
        // Lets the runtime notice connections that the server closed since the last call.
        tokio::task::yield_now().await;
        let client = self.client();
        let built = request.build(token).map_err(Failure::unsent)?;
        self.shared.counts.sent();
        let patience = counts_silence(call, request).then(|| clock::patience(SILENCE));
        let answer = match client.execute(built, patience).await {
            Ok(response) => Box::pin(body::read(response, &request.url, &self.shared.bodies)).await,
            Err(failure) => Err(body::head_failure(failure)),
        };
        self.remember(&request.url, &answer);
        match &answer {
            Ok(answer) if answer.status == 429 => {
                self.shared.counts.throttled();
                budget.refused(under_way);
            }
            Ok(_) => budget.accepted(under_way, request.parts.max(1)),
            Err(_) => {}
        }
        logging::debug!("{}: {}", request.name(), describe(&answer));
        answer
    }

    fn client(&self) -> Client {
        self.client.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes for later calls whether the server of a URL can be reached.
    fn remember(&self, url: &Url, outcome: &std::result::Result<Answer, Failure>) {
        match outcome {
            Ok(_) => self.health.worked(url),
            Err(failure) if matches!(failure.stage, Stage::Refused | Stage::Unreachable | Stage::Silent) => self.health.failed(url),
            Err(_) => {}
        }
    }

    /// Has a place in the budget for the pending GETs, of which one is under way at any time.
    async fn reserve(&self) {
        if !self.reserved.load(Ordering::SeqCst) && self.shared.budget.reserve().await {
            self.reserved.store(true, Ordering::SeqCst);
        }
    }

    /// Whether passwords and tokens may be sent there: over TLS, or without leaving this machine.
    pub fn may_carry_secrets(&self, url: &Url) -> bool {
        url.scheme() == "https" || self.insecure_http || self.client().is_loopback(url)
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        if !self.has_descriptors() {
            // To close them would close files of the program, which have their numbers by now. A copy of the client keeps its
            // connections.
            std::mem::forget((runtime, self.client()));
            return;
        }
        if can_be_driven_here() {
            // A thread that hangs in the system's resolver cannot be ended; it ends itself when the resolver gives up.
            runtime.shutdown_timeout(FAREWELL);
        } else {
            runtime.shutdown_background();
        }
    }
}

/// Not where a Rust caller's own async runtime is on this thread, as two cannot be driven on one, nor where the thread is
/// ending and has lost what a runtime keeps there: destructors of the host's statics run so late.
fn can_be_driven_here() -> bool {
    Handle::try_current().is_err_and(|error| error.is_missing_context())
}

/// Whether a server that stays silent has failed: where another one may be found, which a GET can be asked of as well.
fn counts_silence(call: &Call, request: &Request) -> bool {
    let waits_for_events = request.parts == 0;
    request.method == Method::GET && !waits_for_events && call.elsewhere()
}

/// What becomes of a batch that was made before the limit was lowered.
fn too_many_parts() -> Error {
    let mut error = Error::new(Status::Throttled, "the batch was not sent: it has more parts than the server takes at once by now");
    error.details_mut().too_many_parts = true;
    error
}

/// A failure, with the request and, where that is not sure, whether the server has acted on it.
fn explained(call: &Call, request: &Request, error: Error) -> Error {
    let sent = call.tried.changed() && (error.details().stage.is_some() || error.status() == Status::Timeout);
    let error = if request.effect == Effect::Lasting && sent { error.perhaps_done() } else { error };
    error.on_request(|| request.name())
}

fn describe(outcome: &std::result::Result<Answer, Failure>) -> String {
    match outcome {
        Ok(answer) => format!("{} ({} bytes)", answer.status, answer.body.len()),
        Err(failure) => failure.error.message().to_owned(),
    }
}
