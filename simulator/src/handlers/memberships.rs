//! Who is in which group. The second revision can change that.

use serde_json::Value;

use super::input::Input;
use super::resource::{Resource, segment};
use super::{Context, contact, either, groups, method_not_allowed};
use crate::directory::{Directory, Group, GroupKind, Person};
use crate::errors;
use crate::http::Answer;
use crate::routes;
use crate::state::State;

const URI_LIMIT: usize = 250;
const ID_LIMIT: usize = 256;
const DELEGATES_LIMIT: usize = 25;

/// All memberships or those of one group; or a new one.
pub(crate) fn memberships(state: &mut State, context: &Context<'_>) -> Answer {
    let revised = context.revised;
    match context.request.method.as_str() {
        "GET" => either(list(state, context)),
        "POST" if revised => either(add(state, context)),
        _ if revised => method_not_allowed(&["GET", "POST"]),
        _ => method_not_allowed(&["GET"]),
    }
}

/// One membership.
pub(crate) fn membership(state: &mut State, context: &Context<'_>) -> Answer {
    let revised = context.revised;
    match context.request.method.as_str() {
        "GET" => find(state, context).map_or_else(not_a_member, |(group, person)| Answer::json(200, &resource(context, group, person))),
        "DELETE" if revised => delete(state, context),
        _ if revised => method_not_allowed(&["GET", "DELETE"]),
        _ => method_not_allowed(&["GET"]),
    }
}

fn resource(context: &Context<'_>, group: &Group, person: &Person) -> Value {
    Resource::at(href(context, group, person))
        .link("contact", contact::href(context, person))
        .link(group.kind.rel(), groups::href(context, group))
        .rel("myGroupMembership")
}

fn href(context: &Context<'_>, group: &Group, person: &Person) -> String {
    context.href(&format!("/people/groupMemberships/{},{}", segment(&group.id), segment(&person.address().to_lowercase())))
}

fn list(state: &State, context: &Context<'_>) -> Result<Answer, Answer> {
    let directory = state.directory();
    let chosen = match context.request.query("groupId") {
        None => directory.groups().iter().filter(|group| group.listed && group.kind.has_memberships()).collect(),
        Some(id) => {
            let group = routes::group(state, &id).ok_or_else(errors::resource_not_found)?;
            has_memberships(group)?;
            vec![group]
        }
    };
    let memberships: Vec<Value> =
        chosen.into_iter().flat_map(|group| directory.members(group).map(move |person| resource(context, group, person))).collect();
    let own = context.href("/people/groupMemberships");
    let mut resource = Resource::at(&*own);
    if context.revised {
        resource = resource.link_2("removeContactFromAllGroups", format!("{own}/removeContactFromAllGroups"));
    }
    Ok(Answer::json(200, &resource.embed("myGroupMembership", memberships).rel("myGroupMemberships")))
}

fn add(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    let input = Input::of(context.request)?;
    let uri = input.needed("contactUri", URI_LIMIT)?;
    let group = match input.text("groupId", ID_LIMIT)? {
        Some(id) => routes::group(state, &id),
        None => state.directory().groups().iter().find(|group| group.kind == GroupKind::Default),
    };
    let group = group.ok_or_else(errors::resource_not_found)?;
    has_memberships(group)?;
    let newcomer = newcomer(state.directory(), &uri)?;
    let uri = match (&newcomer, state.directory().person(&uri)) {
        (Some(person), _) | (None, Some(person)) => person.uri().to_owned(),
        (None, None) => return Err(errors::resource_not_found()),
    };
    if group.has_member(&uri) {
        return Err(errors::usual(409));
    }
    if group.kind == GroupKind::Delegates && group.members.len() >= DELEGATES_LIMIT {
        return Err(Answer::error(403, Some("LimitExceeded"), "There are too many delegates."));
    }
    let contacts = state.directory().contacts();
    let limit = state.settings.switches.max_contacts;
    if limit > 0 && contacts.len() >= limit && !contacts.iter().any(|contact| contact.uri() == uri) {
        return Err(Answer::error(409, Some("LimitExceeded"), "There are too many contacts."));
    }
    let id = group.id.clone();
    state.change(|directory| {
        newcomer.into_iter().for_each(|person| directory.add_person(person));
        if let Some(group) = directory.group_mut(&id) {
            group.members.push(uri.clone());
        }
    });
    let directory = state.directory();
    let (group, person) = directory.group(&id).zip(directory.person(&uri)).ok_or_else(errors::resource_not_found)?;
    Ok(Answer::json(201, &resource(context, group, person)).header("Location", href(context, group, person)))
}

/// Somebody the directory does not know: of another company that may well be.
fn newcomer(directory: &Directory, uri: &str) -> Result<Option<Person>, Answer> {
    if directory.person(uri).is_some() {
        return Ok(None);
    }
    is_address("contactUri", uri)?;
    let stranger = stranger(directory, uri);
    let unknown = || Answer::error(404, Some("DestinationNotFound"), "The targeted user does not exist.");
    stranger.map(Some).ok_or_else(unknown)
}

/// Whether this can be somebody's address.
pub(crate) fn is_address(name: &str, uri: &str) -> Result<(), Answer> {
    let address = bare(uri);
    if domain(address).is_empty() || address.starts_with('@') || address.contains(char::is_whitespace) {
        return Err(errors::invalid_parameter(name, "A SIP address is needed."));
    }
    Ok(())
}

/// Somebody of another company, of whom no more than the address is known.
pub(crate) fn stranger(directory: &Directory, uri: &str) -> Option<Person> {
    let address = bare(uri);
    if domain(address) == domain(directory.me.address()) {
        return None;
    }
    let mut person = Person::new(uri, address);
    person.source_network = Some("Federated".into());
    person.privacy = "External".into();
    person.photo = false;
    Some(person)
}

fn bare(uri: &str) -> &str {
    uri.rsplit_once(':').map_or(uri, |(_, address)| address)
}

fn domain(address: &str) -> String {
    address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase()).unwrap_or_default()
}

fn has_memberships(group: &Group) -> Result<(), Answer> {
    match group.kind {
        kind if kind.has_memberships() => Ok(()),
        GroupKind::Distribution => Err(Answer::error(403, None, "The members of a distribution group are not the user's to decide.")),
        _ => Err(Answer::error(403, Some("OperationNotSupported"), "The memberships of this group cannot be used.")),
    }
}

/// Group and person of a membership there is.
fn find<'a>(state: &'a State, context: &Context<'_>) -> Option<(&'a Group, &'a Person)> {
    let (id, address) = context.argument.rsplit_once(',')?;
    let (group, person) = routes::group(state, id).zip(state.directory().person(address))?;
    (group.kind.has_memberships() && group.has_member(person.uri())).then_some((group, person))
}

fn delete(state: &mut State, context: &Context<'_>) -> Answer {
    let Some((id, uri)) = find(state, context).map(|(group, person)| (group.id.clone(), person.uri().to_owned())) else {
        return not_a_member();
    };
    remove(state, &[id], &uri);
    Answer::no_content()
}

/// Takes somebody off the contact list.
pub(crate) fn remove_from_all(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    let uri = Input::of(context.request)?.needed("contactUri", URI_LIMIT)?;
    let groups = state.directory().groups().iter().filter(|group| group.kind.has_memberships() && group.has_member(&uri));
    let ids: Vec<String> = groups.map(|group| group.id.clone()).collect();
    if ids.is_empty() {
        return Err(not_a_member());
    }
    remove(state, &ids, &uri);
    Ok(Answer::no_content())
}

fn remove(state: &mut State, ids: &[String], uri: &str) {
    state.change(|directory| {
        for id in ids {
            if let Some(group) = directory.group_mut(id) {
                group.remove_member(uri);
            }
        }
    });
}

fn not_a_member() -> Answer {
    Answer::error(404, None, "The contact is not in the group.")
}
