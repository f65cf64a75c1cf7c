//! The application: the server's resource that stands for this program. Created or attached to, created anew when the
//! server lost it, signed out. Every request of the layers above goes through here.

mod access;
mod batch_plan;
mod batches;
mod raw;

pub(crate) use access::{Access, Version};
pub(crate) use raw::Raw;

use crate::config::Config;
use crate::error::{Error, Result, Status};
use crate::logging;
use crate::recovery::{self, Effect, Step};
use crate::resource::navigation::Document;
use crate::resource::{Resource, Writer, answer, resolve, same_host};
use crate::secret::{Entered, Known, Secret};
use crate::sign_in::{Authority, discover};
use crate::transport::{Body, Call, Counts, Request, Transport};
use once_cell::sync::OnceCell;
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use url::Url;
use uuid::Uuid;

/// A signed-in application.
pub(crate) struct Application {
    transport: Arc<Transport>,
    /// For what waits most of the time; made when it is needed.
    line: OnceCell<Transport>,
    authority: Authority,
    batches: batches::Learned,
    config: Arc<RwLock<Config>>,
    known: Arc<Known>,
    session: RwLock<Arc<Session>>,
    /// Held by the thread that creates the application anew.
    creation: tokio::sync::Mutex<()>,
    signing_out: AtomicBool,
}

/// The application as the server knows it now. A new one takes its place when the server has lost it.
pub(crate) struct Session {
    /// Counts the applications that this handle has had.
    pub generation: u64,
    /// The application resource as the server wrote it when it was created.
    pub document: Document,
    /// Where it was created; unknown where it was attached to.
    applications: Option<Url>,
    identity: Identity,
}

/// What makes the server give the same application again.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    user_agent: String,
    endpoint_id: String,
    culture: String,
}

impl Application {
    /// Signs in: finds the server, and creates the application or attaches to it.
    pub fn sign_in(config: &Config) -> Result<Application> {
        let _entered = config.known().enter();
        config.check_complete()?;
        let transport = Arc::new(Transport::new(config)?);
        let shared = Arc::new(RwLock::new(config.clone()));
        let authority = Authority::new(Arc::clone(&transport), Arc::clone(&shared));
        let call = call(config);
        let session = match config.web_url("application_url") {
            Some(url) => attach(&authority, &call, config, url)?,
            None => find_and_create(&transport, &authority, &call, config, Identity::of(config), 1)?,
        };
        logging::info!("signed in; the application is {}", session.document.url);
        Ok(Application {
            transport,
            known: Arc::clone(config.known()),
            line: OnceCell::new(),
            authority,
            batches: batches::Learned::default(),
            config: shared,
            session: RwLock::new(Arc::new(session)),
            creation: tokio::sync::Mutex::default(),
            signing_out: AtomicBool::new(false),
        })
    }

    /// Says that this thread works for this application: which secrets its texts must not show.
    pub fn enter(&self) -> Entered {
        self.known.enter()
    }

    /// Runs an operation; where the application turns out to be gone, creates it anew and runs the operation once more.
    pub fn run<T>(&self, operation: impl Fn(&Access<'_>) -> Result<T>) -> Result<T> {
        let _entered = self.enter();
        let mut result = None;
        self.attempt(&mut |access| {
            result = Some(operation(access)?);
            Ok(())
        })?;
        result.ok_or_else(Error::cancelled)
    }

    /// The same for every kind of result, so that there is one of it in the library.
    fn attempt(&self, operation: &mut dyn FnMut(&Access<'_>) -> Result<()>) -> Result<()> {
        // What comes from memory is no longer there to be had, either.
        if self.transport.is_cancelled() {
            return Err(Error::cancelled());
        }
        let mut session = self.session();
        let call = self.call().with_elsewhere(self.may_be_elsewhere(&session));
        loop {
            let Err(error) = operation(&Access::new(self, &session, &call)) else { return Ok(()) };
            session = match recovery::next(&access::after(&call, &error)) {
                Step::CreateApplication => {
                    self.may_create()?;
                    call.tried.create();
                    logging::warn!("the application is gone from the server and is created again ({error})");
                    self.recreate(&call, session.generation)?
                }
                Step::FindServer => {
                    call.tried.search();
                    match self.follow_moved_pool(&call, &session) {
                        Some(moved) => moved,
                        // There is no other server, and this one may still answer.
                        None if recovery::was_given_up_early(error.details().stage) => session,
                        None => return Err(error),
                    }
                }
                _ => return Err(error),
            };
        }
    }

    /// Whether discovery may name another home server than the one that this application is on.
    fn may_be_elsewhere(&self, session: &Session) -> bool {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
        session.applications.is_some() && can_discover(&config)
    }

    /// The application, as it was created: `href` and properties.
    pub fn describe(&self) -> Result<String> {
        if self.transport.is_cancelled() {
            return Err(Error::cancelled());
        }
        let session = self.session();
        let resource = Resource::parse(&session.document.text)?;
        Ok(Writer::object(|w| {
            w.text("href", session.document.url.as_str());
            w.text("endpointId", &session.identity.endpoint_id);
            w.text("culture", &session.identity.culture);
            w.text("userAgent", &session.identity.user_agent);
            w.properties(&resource, &["endpointId", "culture", "userAgent"]);
        }))
    }

    /// Changes a setting of the signed-in application.
    pub fn set(&self, key: &str, value: Option<&str>) -> Result<()> {
        let _entered = self.enter();
        if self.transport.is_cancelled() {
            return Err(Error::cancelled());
        }
        let mut config = self.config.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = config.clone();
        changed.change(key, value)?;
        if key == "connect_timeout_ms" {
            self.transport.reconfigure(&changed)?;
            self.line.get().map_or(Ok(()), |line| line.reconfigure(&changed))?;
        }
        *config = changed;
        Ok(())
    }

    /// Ends every call that waits, and all later ones.
    pub fn cancel(&self) {
        self.transport.cancel();
    }

    /// Deletes the application on the server, then cancels. One that is already gone is fine.
    pub fn sign_out(&self) -> Result<()> {
        let _entered = self.enter();
        if self.transport.is_cancelled() {
            return Err(Error::cancelled());
        }
        let call = self.call();
        self.signing_out.store(true, Ordering::SeqCst);
        let request = Request::delete(self.session().document.url.clone());
        let outcome = self.authority.send(&call, &request).and_then(|answer| match answer.status {
            200..=299 | 404 | 410 => Ok(()),
            _ => Err(answer::refusal(&request, &answer)),
        });
        match outcome {
            Ok(()) => self.transport.cancel(),
            Err(_) => self.signing_out.store(false, Ordering::SeqCst),
        }
        outcome
    }

    /// Waits, unless the application is cancelled before.
    pub fn wait(&self, length: Duration) -> Result<()> {
        self.transport.pause(&Call::new(length + Duration::from_secs(60), 0), length)
    }

    /// Holds what others may not do at the same time, unless the call's time is up or the application is cancelled before.
    pub fn hold<'l>(&self, call: &Call, lock: &'l tokio::sync::Mutex<()>) -> Result<tokio::sync::MutexGuard<'l, ()>> {
        self.transport.run(call, async { Ok(lock.lock().await) })
    }

    /// Whether what waits for an event can be woken.
    pub fn has_descriptors(&self) -> bool {
        self.line.get().is_none_or(Transport::has_descriptors) && self.transport.has_descriptors()
    }

    pub fn is_cancelled(&self) -> bool {
        self.transport.is_cancelled()
    }

    /// Whether the server is being told that it ends; it may yet go on, where that fails.
    pub fn is_signing_out(&self) -> bool {
        self.signing_out.load(Ordering::SeqCst)
    }

    /// What was asked of the server so far.
    pub fn counts(&self) -> &Counts {
        self.transport.counts()
    }

    /// When the token for the application's host expires, by the library's clock.
    pub fn token_expiry(&self) -> Option<Duration> {
        self.authority.token_expiry(&self.session().document.url)
    }

    /// A call of the usual length, beginning now.
    pub fn call(&self) -> Call {
        call(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn line(&self) -> Result<&Transport> {
        self.line.get_or_try_init(|| self.transport.beside(&self.config.read().unwrap_or_else(PoisonError::into_inner)))
    }

    pub fn session(&self) -> Arc<Session> {
        Arc::clone(&self.session.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Creates the application anew, unless another thread has done so since `seen`.
    fn recreate(&self, call: &Call, seen: u64) -> Result<Arc<Session>> {
        let _gate = self.hold(call, &self.creation)?;
        let old = self.session();
        if old.generation > seen {
            return Ok(old);
        }
        self.may_create()?;
        let generation = old.generation + 1;
        let known =
            old.applications.clone().map(|applications| create(&self.authority, call, applications, old.identity.clone(), generation));
        let session = match known {
            Some(Ok(session)) => session,
            Some(Err(error)) if !may_have_moved(call, &error) => return Err(error),
            // The home pool may have moved.
            _ => {
                call.tried.search();
                self.discover_and_create(call, &old)?
            }
        };
        Ok(self.install(session))
    }

    /// After lost connections: whether discovery names another pool now, and the application that was created there.
    fn follow_moved_pool(&self, call: &Call, old: &Session) -> Option<Arc<Session>> {
        let applications = old.applications.as_ref()?;
        let gate = self.hold(call, &self.creation).ok()?;
        let now = self.session();
        if now.generation > old.generation {
            return Some(now);
        }
        self.may_create().ok()?;
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner).clone();
        let found = discover(&self.transport, &self.authority, call, &config).ok()?;
        if found == *applications {
            return None;
        }
        logging::warn!("the home pool moved to {found}");
        let session = create(&self.authority, call, found, old.identity.clone(), old.generation + 1).ok()?;
        drop(gate);
        Some(self.install(session))
    }

    fn discover_and_create(&self, call: &Call, old: &Session) -> Result<Session> {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner).clone();
        if !can_discover(&config) {
            let text = format!(
                "the application {} is gone, and without sign_in_address or discovery_url none can be created in its place",
                old.document.url
            );
            return Err(Error::new(Status::NotFound, text));
        }
        find_and_create(&self.transport, &self.authority, call, &config, old.identity.clone(), old.generation + 1)
    }

    fn may_create(&self) -> Result<()> {
        if self.is_signing_out() { Err(Error::cancelled()) } else { Ok(()) }
    }

    fn install(&self, session: Session) -> Arc<Session> {
        let session = Arc::new(session);
        *self.session.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&session);
        // Whoever waits for the former application waits in vain.
        if let Some(line) = self.line.get() {
            line.nudge();
        }
        session
    }
}

impl Identity {
    fn of(config: &Config) -> Identity {
        let text = |key| config.text(key).map(str::to_owned);
        Identity {
            user_agent: text("user_agent").unwrap_or_default(),
            endpoint_id: text("endpoint_id").unwrap_or_else(|| Uuid::new_v4().to_string()),
            culture: text("culture").unwrap_or_default(),
        }
    }
}

fn call(config: &Config) -> Call {
    Call::new(config.duration("timeout_ms"), config.number("max_retries"))
}

/// Finds the home server and creates the application there. If that server does not answer, another name of the sign-in
/// domain may lead to one that does: discovery passes over what has just failed.
fn find_and_create(
    transport: &Transport,
    authority: &Authority,
    call: &Call,
    config: &Config,
    identity: Identity,
    generation: u64,
) -> Result<Session> {
    let found = discover(transport, authority, call, config)?;
    let call = call.clone().with_elsewhere(config.web_url("discovery_url").is_none());
    let error = match create(authority, &call, found.clone(), identity.clone(), generation) {
        Err(error) if recovery::next(&access::after(&call, &error)) == Step::FindServer => error,
        outcome => return outcome,
    };
    call.tried.search();
    match discover(transport, authority, &call, config) {
        Ok(other) if other != found || recovery::was_given_up_early(error.details().stage) => {
            create(authority, &call, other, identity, generation)
        }
        _ => Err(error),
    }
}

/// Creates an application. Doing it twice gives the same one, so that it may be repeated.
fn create(authority: &Authority, call: &Call, applications: Url, identity: Identity, generation: u64) -> Result<Session> {
    let json = serde_json::to_string(&identity).map_err(|error| Error::new(Status::Internal, error.to_string()))?;
    let body = Body { media_type: "application/json".into(), text: Secret::new(json), secret: false };
    let request = Request::post(applications.clone(), body, Effect::Idempotent);
    let answer = authority.send(call, &request).map_err(|error| error.while_doing("creating the application"))?;
    let resource = answer::resource(&request, &answer).map_err(|error| error.while_doing("creating the application"))?;
    let href = resource.link("self").or_else(|| answer.header("location"));
    let href = href.ok_or_else(|| {
        answer::with_answer(Error::protocol("the created application has no address (neither self nor Location)"), &request, &answer)
    })?;
    let url = resolve(&applications, href)?;
    if !same_host(&url, &applications) {
        return Err(answer::with_answer(
            Error::protocol(format!("the created application lies on another host ({url})")),
            &request,
            &answer,
        ));
    }
    let document = Document::new(answer::body_text(&request, &answer)?.to_owned(), url);
    Ok(Session { generation, document, applications: Some(applications), identity })
}

/// Attaches to an application that exists.
fn attach(authority: &Authority, call: &Call, config: &Config, url: Url) -> Result<Session> {
    let request = Request::get(url.clone());
    let answer = authority.send(call, &request).map_err(|error| error.while_doing("attaching to the application"))?;
    let resource = answer::resource(&request, &answer).map_err(|error| error.while_doing("attaching to the application"))?;
    let configured = Identity::of(config);
    let own = |name: &str, otherwise: String| resource.text(name).map_or(otherwise, |text| text.into_owned());
    let identity = Identity {
        user_agent: own("userAgent", configured.user_agent),
        endpoint_id: own("endpointId", configured.endpoint_id),
        culture: own("culture", configured.culture),
    };
    let document = Document::new(answer::body_text(&request, &answer)?.to_owned(), url);
    Ok(Session { generation: 1, document, applications: None, identity })
}

fn can_discover(config: &Config) -> bool {
    config.text("sign_in_address").is_some() || config.text("discovery_url").is_some()
}

/// Whether the failure to create an application may mean that another server is the home server by now. A pool says with
/// 403 or 404 that a user is not at home there; what any other request is refused with says nothing of that.
fn may_have_moved(call: &Call, error: &Error) -> bool {
    matches!(error.http_status(), Some(403 | 404)) || recovery::next(&access::after(call, error)) == Step::FindServer
}
