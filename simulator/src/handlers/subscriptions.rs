//! Presence subscriptions: whose presence the application is told of.

use std::time::Duration;

use serde_json::{Value, json};

use super::input::Input;
use super::resource::{Resource, segment};
use super::{Context, either, memberships, method_not_allowed};
use crate::directory::{Person, key, sip_uri};
use crate::errors;
use crate::http::Answer;
use crate::routes;
use crate::state::{Refused, State, Subscription};

const MINUTES: std::ops::RangeInclusive<u64> = 10..=30;

/// The address of a subscription.
pub(crate) fn href(context: &Context<'_>, id: &str) -> String {
    context.href(&format!("/people/presenceSubscriptions/{}", segment(id)))
}

pub(crate) fn find<'a>(state: &'a State, context: &Context<'_>, id: &str) -> Option<&'a Subscription> {
    state.live(context.application)?.subscriptions.get(id)
}

pub(crate) fn resource(context: &Context<'_>, id: &str, subscription: &Subscription) -> Value {
    let own = href(context, id);
    let mut resource = Resource::at(&*own).property("id", id);
    if !subscription.of_group {
        resource = resource.link("addToPresenceSubscription", format!("{own}/contacts"));
    }
    resource.link("memberships", format!("{own}/memberships")).rel("presenceSubscription")
}

/// All of the application's, or a new one.
pub(crate) fn subscriptions(state: &mut State, context: &Context<'_>) -> Answer {
    match context.request.method.as_str() {
        "GET" => {
            let all = state.live(context.application).into_iter().flat_map(|live| live.subscriptions.all());
            let all: Vec<Value> = all.map(|(id, subscription)| resource(context, id, subscription)).collect();
            let own = Resource::at(context.href("/people/presenceSubscriptions"));
            Answer::json(200, &own.embed("presenceSubscription", all).rel("presenceSubscriptions"))
        }
        "POST" => either(create(state, context)),
        _ => method_not_allowed(&["GET", "POST"]),
    }
}

fn create(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    let input = Input::of(context.request)?;
    let length = input.minutes("duration", &MINUTES)?;
    let people = people(state, &input, "uris")?;
    state.may_subscribe(context.application, None, &people.all).map_err(refusal)?;
    let people = people.admit(state);
    let id = state.subscribe(context.application, None, &people, length);
    created(state, context, &id)
}

/// Subscribes to a group, or lengthens the subscription there is.
pub(crate) fn subscribe_to_group(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    let input = Input::of(context.request)?;
    let length = input.minutes("duration", &MINUTES)?;
    let id = context.request.query("groupId").unwrap_or_default();
    let group = routes::group(state, &id).filter(|group| group.listed).ok_or_else(errors::resource_not_found)?;
    let id = group.id.clone();
    if !extend(state, context, &id, length) {
        let people: Vec<(String, String)> = group_members(state, &id);
        state.may_subscribe(context.application, None, &people).map_err(refusal)?;
        state.subscribe(context.application, Some(&id), &people, length);
    }
    created(state, context, &id)
}

fn group_members(state: &State, id: &str) -> Vec<(String, String)> {
    let members = state.directory().group(id).into_iter().flat_map(|group| &group.members);
    members.map(|uri| (key(uri), uri.clone())).collect()
}

fn created(state: &State, context: &Context<'_>, id: &str) -> Result<Answer, Answer> {
    let subscription = find(state, context, id).ok_or_else(errors::resource_not_found)?;
    Ok(Answer::json(201, &resource(context, id, subscription)).header("Location", href(context, id)))
}

fn extend(state: &mut State, context: &Context<'_>, id: &str, by: Duration) -> bool {
    state.change_live(context.application, |live, now| live.subscriptions.extend(id, by, now))
}

/// One subscription.
pub(crate) fn subscription(state: &mut State, context: &Context<'_>) -> Answer {
    let id = context.argument;
    match context.request.method.as_str() {
        "GET" => match find(state, context, id) {
            Some(subscription) => Answer::json(200, &resource(context, id, subscription)),
            None => errors::resource_not_found(),
        },
        "POST" => either(lengthen(state, context)),
        "DELETE" if state.change_live(context.application, |live, now| live.unsubscribe(id, now)) => Answer::no_content(),
        "DELETE" => errors::resource_not_found(),
        _ => method_not_allowed(&["GET", "POST", "DELETE"]),
    }
}

fn lengthen(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    let by = Input::of(context.request)?.minutes("duration", &MINUTES)?;
    if !extend(state, context, context.argument, by) {
        // So it is told, though the application is there.
        return Err(errors::application_not_found());
    }
    let subscription = find(state, context, context.argument).ok_or_else(errors::resource_not_found)?;
    Ok(Answer::json(200, &resource(context, context.argument, subscription)))
}

/// Who is in which subscription; or somebody more for the newest one.
pub(crate) fn all_memberships(state: &mut State, context: &Context<'_>) -> Answer {
    match context.request.method.as_str() {
        "GET" => {
            let all = state.live(context.application).into_iter().flat_map(|live| live.subscriptions.all());
            let all = all.flat_map(|(id, subscription)| of_one(context, id, subscription)).collect();
            Answer::json(200, &list(context.href("/people/presenceSubscriptionMemberships"), all))
        }
        "POST" => {
            let all = state.live(context.application).into_iter().flat_map(|live| live.subscriptions.all());
            let newest = all.filter(|(_, subscription)| !subscription.of_group).last().map(|(id, _)| id.clone());
            newest.map_or_else(errors::resource_not_found, |id| either(add(state, context, &id)))
        }
        _ => method_not_allowed(&["GET", "POST"]),
    }
}

/// Who is in this subscription; or somebody more.
pub(crate) fn memberships(state: &mut State, context: &Context<'_>) -> Answer {
    match context.request.method.as_str() {
        "GET" => match find(state, context, context.argument) {
            Some(subscription) => {
                let members = of_one(context, context.argument, subscription).collect();
                Answer::json(200, &list(format!("{}/memberships", href(context, context.argument)), members))
            }
            None => errors::resource_not_found(),
        },
        "POST" => either(add(state, context, context.argument)),
        _ => method_not_allowed(&["GET", "POST"]),
    }
}

/// Somebody more for this subscription.
pub(crate) fn add_to(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    add(state, context, context.argument)
}

fn add(state: &mut State, context: &Context<'_>, id: &str) -> Result<Answer, Answer> {
    let subscription = find(state, context, id).ok_or_else(errors::resource_not_found)?;
    if subscription.of_group {
        return Err(not_ones_own());
    }
    let people = people(state, &Input::of(context.request)?, "contactUris")?;
    state.may_subscribe(context.application, Some(id), &people.all).map_err(refusal)?;
    let people = people.admit(state);
    state.subscribe_more(context.application, id, &people);
    let own = format!("{}/memberships", href(context, id));
    let members = people.iter().map(|(key, _)| membership_resource(context, id, key)).collect();
    Ok(Answer::json(201, &list(own.clone(), members)).header("Location", own))
}

fn list(own: String, members: Vec<Value>) -> Value {
    Resource::at(own).embed("presenceSubscriptionMembership", members).rel("presenceSubscriptionMemberships")
}

fn of_one<'a>(context: &'a Context<'_>, id: &'a str, subscription: &'a Subscription) -> impl Iterator<Item = Value> + 'a {
    subscription.members().keys().map(move |key| membership_resource(context, id, key))
}

fn address(key: &str) -> String {
    segment(key.split_once(':').map_or(key, |(_, address)| address))
}

fn membership_resource(context: &Context<'_>, id: &str, key: &str) -> Value {
    Resource::at(context.href(&format!("/people/presenceSubscriptionMemberships/{},{}", segment(id), address(key))))
        .link("contact", context.href(&format!("/people/{}", address(key))))
        .link("presenceSubscription", href(context, id))
        .rel("presenceSubscriptionMembership")
}

/// Somebody's being in a subscription.
pub(crate) fn membership(state: &mut State, context: &Context<'_>) -> Answer {
    let found = context.argument.rsplit_once(',').and_then(|(id, address)| {
        let (subscription, key) = (find(state, context, id)?, key(address));
        subscription.members().contains_key(&key).then_some((id, key, subscription.of_group))
    });
    let Some((id, key, of_group)) = found else {
        return errors::resource_not_found();
    };
    match context.request.method.as_str() {
        "GET" => Answer::json(200, &membership_resource(context, id, &key)),
        "DELETE" if of_group => not_ones_own(),
        "DELETE" => {
            state.change_live(context.application, |live, now| live.unsubscribe_member(id, &key, now));
            Answer::no_content()
        }
        _ => method_not_allowed(&["GET", "DELETE"]),
    }
}

/// Everybody who is subscribed to.
pub(crate) fn subscribed_contacts(state: &State, context: &Context<'_>) -> Answer {
    let watched = state.live(context.application).into_iter().flat_map(|live| live.subscriptions.watched());
    let mut keys: Vec<&String> = watched.collect();
    keys.sort_unstable();
    let links: Vec<Value> = keys.into_iter().map(|key| json!({"href": context.href(&format!("/people/{}", address(key)))})).collect();
    let resource = Resource::at(context.href("/people/subscribedContacts"));
    let resource = if links.is_empty() { resource } else { resource.links("contact", Value::Array(links)) };
    Answer::json(200, &resource.rel("subscribedContacts"))
}

/// People to subscribe to, each by key and address; some are to be entered into the directory first.
struct People {
    all: Vec<(String, String)>,
    strangers: Vec<Person>,
}

impl People {
    fn admit(self, state: &mut State) -> Vec<(String, String)> {
        if !self.strangers.is_empty() {
            state.change(|directory| self.strangers.into_iter().for_each(|person| directory.add_person(person)));
        }
        self.all
    }
}

fn people(state: &State, input: &Input<'_>, name: &str) -> Result<People, Answer> {
    let directory = state.directory();
    let (mut all, mut strangers) = (Vec::new(), Vec::new());
    for uri in input.texts(name)? {
        memberships::is_address(name, &uri)?;
        let key = key(&uri);
        if let Some(person) = directory.person(&uri) {
            all.push((key, person.uri().to_owned()));
        } else {
            // Whom the own company does not know is subscribed to, too: nothing is ever heard of them.
            strangers.extend(memberships::stranger(directory, &uri));
            all.push((key, sip_uri(&uri)));
        }
    }
    all.sort_unstable();
    all.dedup_by(|one, other| one.0 == other.0);
    Ok(People { all, strangers })
}

fn refusal(refused: Refused) -> Answer {
    match refused {
        Refused::Limit => Answer::error(403, Some("LimitExceeded"), "There are too many presence subscriptions."),
        Refused::Somebody => Answer::error(403, None, "The maximum number of followers is reached."),
    }
}

fn not_ones_own() -> Answer {
    Answer::error(403, None, "A subscription that the server made cannot be changed.")
}
