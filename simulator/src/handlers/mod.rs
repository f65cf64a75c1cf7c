//! What each resource answers. A handler takes the state and the request and gives an answer, so that one may call another.

pub(crate) mod applications;
pub(crate) mod contact;
pub(crate) mod discovery;
pub(crate) mod groups;
pub(crate) mod me;
pub(crate) mod people;
pub(crate) mod photo;
pub(crate) mod resource;
pub(crate) mod token;

use crate::errors;
use crate::http::{Answer, Request};
use crate::routes::{Kind, Route};
use crate::state::{Ended, State};

/// What a handler of a resource below an application is given.
pub(crate) struct Context<'a> {
    pub(crate) request: &'a Request,
    pub(crate) kind: Kind,
    /// Its own part of the path.
    pub(crate) argument: &'a str,
    /// The id of the application.
    pub(crate) application: &'a str,
}

impl Context<'_> {
    /// The address of something of the application: `href("/me")`.
    pub(crate) fn href(&self, below: &str) -> String {
        format!("{}/{}{below}", crate::routes::APPLICATIONS, self.application)
    }

    /// Whether the client asked for the second revision of resources.
    pub(crate) fn wants_revision_2(&self) -> bool {
        requested_revision(self.request) >= 2.0
    }

    /// Whether the query says not to embed what can be linked.
    pub(crate) fn links_only(&self) -> bool {
        self.request.query("expand").is_some_and(|expand| expand.eq_ignore_ascii_case("false"))
    }
}

/// The revision asked for; clients send `2` and `2.0` alike.
pub(crate) fn requested_revision(request: &Request) -> f64 {
    request.header("x-ms-requiresminresourceversion").and_then(|text| text.trim().parse().ok()).unwrap_or(1.0)
}

/// Answers a request whose route is known.
pub(crate) fn answer(state: &mut State, route: &Route, request: &Request) -> Answer {
    if !request.secure && !is_loopback(request.host_name()) {
        return discovery::insecure(state, route.kind, request);
    }
    match route.kind {
        Kind::Root => allow(request, &["GET"], || discovery::root(state, request)),
        Kind::Xframe => allow(request, &["GET"], discovery::xframe),
        Kind::Token => allow(request, &["POST"], || token::answer(state, request)),
        Kind::Unknown if !request.path().to_ascii_lowercase().starts_with("/ucwa/") => {
            errors::iis_page(404, "File or directory not found.", "The resource you are looking for does not exist.")
        }
        _ => match token::check(state, request) {
            Err(refusal) => refusal,
            Ok(()) => signed_in(state, route, request),
        },
    }
}

/// Answers a request that carries a good token.
fn signed_in(state: &mut State, route: &Route, request: &Request) -> Answer {
    if requested_revision(request) > 2.0 {
        return Answer::error(404, Some("APIVersionNotSupported"), "The requested version is not supported.");
    }
    let Some(application) = route.application.as_deref() else {
        return match route.kind {
            Kind::User => allow(request, &["GET"], || discovery::user(state, request)),
            Kind::Applications => allow(request, &["POST"], || applications::create(state, request)),
            _ => errors::resource_not_found(),
        };
    };
    let (now, lifetime) = (state.clock.now(), state.settings.application_lifetime);
    match state.applications.touch(application, now, lifetime) {
        Err(Ended::Missing) => return errors::application_not_found(),
        Err(Ended::Expired) => return errors::application_expired(),
        Ok(_) => {}
    }
    let context = Context { request, kind: route.kind, argument: &route.argument, application };
    within_application(state, &context)
}

fn within_application(state: &mut State, context: &Context<'_>) -> Answer {
    let request = context.request;
    let get = |answer: fn(&State, &Context<'_>) -> Answer| allow(request, &["GET"], || answer(state, context));
    match context.kind {
        Kind::Application => applications::answer(state, context),
        Kind::Policies => get(applications::policies),
        Kind::Communication => get(applications::communication),
        Kind::OnlineMeetings => get(applications::online_meetings),
        Kind::ReportMyNetwork => allow(request, &["POST"], Answer::no_content),
        Kind::Me => get(me::me),
        Kind::Phones => get(me::phones),
        Kind::Presence | Kind::Note | Kind::Location | Kind::ReportMyActivity => me::needs_availability(),
        Kind::Photo | Kind::ContactPhoto => get(photo::answer),
        Kind::People => get(people::people),
        Kind::MyContacts => get(people::contacts),
        Kind::Search => get(people::search),
        Kind::GroupContacts => get(groups::contacts),
        Kind::MyGroups => get(groups::groups),
        Kind::Group
        | Kind::PinnedGroup
        | Kind::DefaultGroup
        | Kind::DistributionGroup
        | Kind::DelegatesGroup
        | Kind::DelegatorsGroup
        | Kind::MyOrganizationGroup => get(groups::group),
        Kind::ExpandDistributionGroup => get(groups::expand),
        Kind::Contact
        | Kind::ContactPresence
        | Kind::ContactNote
        | Kind::ContactLocation
        | Kind::ContactSupportedModalities
        | Kind::ContactPrivacyRelationship => get(contact::answer),
        _ => errors::resource_not_found(),
    }
}

/// Answers if the method is one of these.
pub(crate) fn allow(request: &Request, methods: &[&str], answer: impl FnOnce() -> Answer) -> Answer {
    if methods.contains(&request.method.as_str()) { answer() } else { method_not_allowed(methods) }
}

pub(crate) fn method_not_allowed(methods: &[&str]) -> Answer {
    errors::usual(405).header("Allow", methods.join(", "))
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host == "[::1]" || host.parse().is_ok_and(|address: std::net::Ipv4Addr| address.is_loopback())
}

/// 304 where the client already has what is tagged so, else the answer with its tag.
pub(crate) fn tagged(request: &Request, etag: &str, answer: impl FnOnce() -> Answer) -> Answer {
    let known = request.header("if-none-match").is_some_and(|tags| {
        tags.split(',').map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"')).any(|tag| tag == etag || tag == "*")
    });
    let answer = if known { Answer::new(304) } else { answer() };
    answer.header("ETag", format!("\"{etag}\""))
}
