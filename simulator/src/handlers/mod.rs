//! What each resource answers. A handler takes the state and the request and gives an answer, so that one may call another.

pub(crate) mod applications;
pub(crate) mod availability;
pub(crate) mod batch;
pub(crate) mod contact;
pub(crate) mod discovery;
pub(crate) mod event_set;
pub(crate) mod events;
pub(crate) mod group_changes;
pub(crate) mod groups;
pub(crate) mod input;
pub(crate) mod list_subscription;
pub(crate) mod me;
pub(crate) mod memberships;
pub(crate) mod people;
pub(crate) mod phones;
pub(crate) mod photo;
pub(crate) mod privacy;
pub(crate) mod resource;
pub(crate) mod revise;
pub(crate) mod subscriptions;
pub(crate) mod token;

use uuid::Uuid;

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
    /// The application's share in the names of properties to be passed back.
    pub(crate) echo: Uuid,
    /// Whether the second revision of resources is answered.
    pub(crate) revised: bool,
}

impl Context<'_> {
    /// The address of something of the application: `href("/me")`.
    pub(crate) fn href(&self, below: &str) -> String {
        format!("{}/{}{below}", crate::routes::APPLICATIONS, self.application)
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

/// Whether the second revision is answered: where it is asked for, or always.
pub(crate) fn is_revised(state: &State, request: &Request) -> bool {
    state.settings.switches.always_revised || requested_revision(request) >= 2.0
}

/// Answers a request whose route is known.
pub(crate) fn answer(state: &mut State, route: &Route, request: &Request) -> Answer {
    if !is_safe(request) {
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

/// Whether a request is one of the user's, who may have only so many under way.
pub(crate) fn is_the_users(state: &State, route: &Route, request: &Request) -> bool {
    (route.application.is_some() || route.kind == Kind::Applications) && is_safe(request) && token::check(state, request).is_ok()
}

/// Lets a request in that is going to be answered piece by piece.
pub(crate) fn enter(state: &mut State, route: &Route, request: &Request) -> Result<(), Answer> {
    if !is_safe(request) {
        return Err(discovery::insecure(state, route.kind, request));
    }
    token::check(state, request)?;
    check_revision(request)?;
    route.application.as_deref().map_or(Ok(()), |application| use_application(state, application).map(drop))
}

/// Answers a request that carries a good token.
fn signed_in(state: &mut State, route: &Route, request: &Request) -> Answer {
    if let Err(refusal) = check_revision(request) {
        return refusal;
    }
    let Some(application) = route.application.as_deref() else {
        return match route.kind {
            Kind::User => allow(request, &["GET"], || discovery::user(state, request)),
            Kind::Applications => applications::applications(state, request),
            _ => errors::resource_not_found(),
        };
    };
    match use_application(state, application) {
        Err(refusal) => refusal,
        Ok(echo) => {
            let revised = is_revised(state, request);
            let context = Context { request, kind: route.kind, argument: &route.argument, application, echo, revised };
            within_application(state, &context)
        }
    }
}

fn check_revision(request: &Request) -> Result<(), Answer> {
    if requested_revision(request) > 2.0 {
        return Err(Answer::error(404, Some("APIVersionNotSupported"), "The requested version is not supported."));
    }
    Ok(())
}

/// What to echo, of an application that is there and counts as used now.
fn use_application(state: &mut State, id: &str) -> Result<Uuid, Answer> {
    state.touch(id).map(|application| application.echo).map_err(ended)
}

fn ended(reason: Ended) -> Answer {
    match reason {
        Ended::Missing => errors::application_not_found(),
        Ended::Expired => errors::application_expired(),
    }
}

fn within_application(state: &mut State, context: &Context<'_>) -> Answer {
    let request = context.request;
    let get = |state: &State, answer: fn(&State, &Context<'_>) -> Answer| allow(request, &["GET"], || answer(state, context));
    let post = |state: &mut State, answer: fn(&mut State, &Context<'_>) -> Result<Answer, Answer>| {
        allow(request, &["POST"], || either(answer(state, context)))
    };
    match context.kind {
        Kind::Application => applications::answer(state, context),
        Kind::Policies => get(state, applications::policies),
        Kind::Communication => get(state, applications::communication),
        Kind::OnlineMeetings => get(state, applications::online_meetings),
        Kind::ReportMyNetwork => allow(request, &["POST"], Answer::no_content),
        Kind::Batch => batch::refusal(state, context),
        Kind::Me => get(state, me::me),
        Kind::MakeMeAvailable => post(state, availability::make_me_available),
        Kind::ReportMyActivity => post(state, availability::report_my_activity),
        Kind::Presence | Kind::Note | Kind::Location => me::published(state, context),
        Kind::Phones => get(state, phones::phones),
        Kind::Phone => get(state, phones::phone),
        Kind::CallForwardingSettings => get(state, phones::call_forwarding),
        Kind::Photo | Kind::ContactPhoto => get(state, photo::answer),
        Kind::People => get(state, people::people),
        Kind::MyContacts => get(state, people::contacts),
        Kind::Search => get(state, people::search),
        Kind::GroupContacts => get(state, groups::contacts),
        Kind::MyGroups => group_changes::my_groups(state, context),
        Kind::Group => group_changes::group(state, context),
        Kind::PinnedGroup
        | Kind::DefaultGroup
        | Kind::DistributionGroup
        | Kind::DelegatesGroup
        | Kind::DelegatorsGroup
        | Kind::MyOrganizationGroup => get(state, groups::group),
        Kind::ExpandDistributionGroup => get(state, groups::expand),
        Kind::AddToContactList => post(state, group_changes::add_to_contact_list),
        Kind::RemoveFromContactList => post(state, group_changes::remove_from_contact_list),
        Kind::MyGroupMemberships => memberships::memberships(state, context),
        Kind::MyGroupMembership => memberships::membership(state, context),
        Kind::RemoveContactFromAllGroups => post(state, memberships::remove_from_all),
        Kind::PresenceSubscriptions => subscriptions::subscriptions(state, context),
        Kind::PresenceSubscription => subscriptions::subscription(state, context),
        Kind::SubscribeToGroupPresence => post(state, subscriptions::subscribe_to_group),
        Kind::AddToPresenceSubscription => post(state, subscriptions::add_to),
        Kind::PresenceSubscriptionMemberships if context.argument.is_empty() => subscriptions::all_memberships(state, context),
        Kind::PresenceSubscriptionMemberships => subscriptions::memberships(state, context),
        Kind::PresenceSubscriptionMembership => subscriptions::membership(state, context),
        Kind::SubscribedContacts => get(state, subscriptions::subscribed_contacts),
        Kind::MyContactsAndGroupsSubscription => get(state, list_subscription::subscription),
        Kind::StartOrRefreshSubscriptionToContactsAndGroups => post(state, list_subscription::start),
        Kind::StopSubscriptionToContactsAndGroups => post(state, list_subscription::stop),
        Kind::Contact | Kind::ContactPresence | Kind::ContactNote | Kind::ContactLocation | Kind::ContactSupportedModalities => {
            get(state, contact::answer)
        }
        Kind::ContactPrivacyRelationship => privacy::answer(state, context),
        Kind::ResetContactPrivacyRelationship => post(state, privacy::reset),
        Kind::MyPrivacyRelationships => get(state, privacy::all),
        Kind::MyPrivacyRelationship => get(state, privacy::one),
        _ => errors::resource_not_found(),
    }
}

/// What was answered, be it as wished or not.
pub(crate) fn either(answer: Result<Answer, Answer>) -> Answer {
    answer.unwrap_or_else(|refusal| refusal)
}

/// Answers if the method is one of these.
pub(crate) fn allow(request: &Request, methods: &[&str], answer: impl FnOnce() -> Answer) -> Answer {
    if methods.contains(&request.method.as_str()) { answer() } else { method_not_allowed(methods) }
}

pub(crate) fn method_not_allowed(methods: &[&str]) -> Answer {
    errors::usual(405).header("Allow", methods.join(", "))
}

/// Whether nobody can listen in.
fn is_safe(request: &Request) -> bool {
    let host = request.host_name();
    let is_loopback = || {
        host.eq_ignore_ascii_case("localhost")
            || host == "[::1]"
            || host.parse().is_ok_and(|address: std::net::Ipv4Addr| address.is_loopback())
    };
    request.secure || is_loopback()
}

/// 304 where the client already has what is tagged so, else the answer with its tag.
pub(crate) fn tagged(request: &Request, etag: &str, answer: impl FnOnce() -> Answer) -> Answer {
    let known = request.header("if-none-match").is_some_and(|tags| revise::lists(tags, etag));
    let answer = if known { Answer::new(304) } else { answer() };
    answer.header("ETag", format!("\"{etag}\""))
}
