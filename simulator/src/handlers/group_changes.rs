//! What the user does to the groups of the contact list. Creating, renaming and deleting need the second revision.

use super::input::Input;
use super::{Context, either, groups, method_not_allowed, revise};
use crate::directory::{Group, GroupKind};
use crate::errors;
use crate::http::Answer;
use crate::routes;
use crate::state::State;

const NAME_LIMIT: usize = 256;

/// All groups, or a new one.
pub(crate) fn my_groups(state: &mut State, context: &Context<'_>) -> Answer {
    let revised = context.revised;
    match context.request.method.as_str() {
        "GET" => groups::groups(state, context),
        "POST" if revised => either(create(state, context)),
        _ if revised => method_not_allowed(&["GET", "POST"]),
        _ => method_not_allowed(&["GET"]),
    }
}

/// A group of the user's own making.
pub(crate) fn group(state: &mut State, context: &Context<'_>) -> Answer {
    let revised = context.revised;
    match context.request.method.as_str() {
        "GET" => groups::group(state, context),
        "PUT" if revised => either(rename(state, context)),
        "DELETE" if revised => either(delete(state, context)),
        _ if revised => method_not_allowed(&["GET", "PUT", "DELETE"]),
        _ => method_not_allowed(&["GET"]),
    }
}

fn create(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    let name = Input::of(context.request)?.needed("displayName", NAME_LIMIT)?;
    is_free(state, &name, None)?;
    has_room(state)?;
    state.change(|directory| directory.add_group(Group::own(name.trim())));
    Ok(Answer::no_content())
}

fn rename(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    let group = routes::group(state, context.argument).ok_or_else(errors::resource_not_found)?;
    let input = revise::changes(context, &groups::href(context, group), &groups::etag(group))?;
    if input.text("id", NAME_LIMIT)?.is_some_and(|id| id != group.id) {
        return Err(errors::invalid_parameter("id", "The id of a group does not change."));
    }
    let name = input.needed("name", NAME_LIMIT)?;
    is_free(state, &name, Some(&group.id))?;
    let id = group.id.clone();
    state.change(|directory| {
        if let Some(group) = directory.group_mut(&id) {
            group.name = name.trim().into();
        }
    });
    Ok(Answer::new(200))
}

fn delete(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    let id = routes::group(state, context.argument).ok_or_else(errors::resource_not_found)?.id.clone();
    state.change(|directory| {
        let Some(group) = directory.remove_group(&id) else { return };
        // Who is in no other group stays a contact.
        let is_contact = |uri: &String| directory.groups().iter().any(|group| group.makes_contacts() && group.has_member(uri));
        let left: Vec<String> = group.members.into_iter().filter(|uri| !is_contact(uri)).collect();
        let others = directory.groups().iter().find(|group| group.kind == GroupKind::Default).map(|group| group.id.clone());
        if let Some(others) = others.and_then(|id| directory.group_mut(&id)) {
            others.members.extend(left);
        }
    });
    Ok(Answer::no_content())
}

/// Puts a distribution group on the contact list.
pub(crate) fn add_to_contact_list(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    let input = Input::of(context.request)?;
    input.needed("displayName", NAME_LIMIT)?;
    let address = input.needed("smtpAddress", NAME_LIMIT)?;
    let bare = |address: &str| address.rsplit_once(':').map_or(address, |(_, bare)| bare).to_lowercase();
    let group = state.directory().groups().iter().find(|group| group.uri.as_deref().is_some_and(|uri| bare(uri) == bare(&address)));
    let group = group.filter(|group| group.kind == GroupKind::Distribution).ok_or_else(errors::resource_not_found)?;
    if group.listed {
        return Err(errors::usual(409));
    }
    has_room(state)?;
    let id = group.id.clone();
    list(state, &id, true);
    Ok(Answer::no_content())
}

/// Takes a distribution group off the contact list.
pub(crate) fn remove_from_contact_list(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    let id = Input::of(context.request)?.needed("groupId", NAME_LIMIT)?;
    let group = routes::group(state, &id).filter(|group| group.kind == GroupKind::Distribution && group.listed);
    let id = group.ok_or_else(errors::resource_not_found)?.id.clone();
    list(state, &id, false);
    Ok(Answer::no_content())
}

fn list(state: &mut State, id: &str, listed: bool) {
    state.change(|directory| {
        if let Some(group) = directory.group_mut(id) {
            group.listed = listed;
        }
    });
}

/// The name is not that of another group.
fn is_free(state: &State, name: &str, own: Option<&str>) -> Result<(), Answer> {
    let name = name.trim().to_lowercase();
    let taken = state
        .directory()
        .groups()
        .iter()
        .any(|group| group.kind == GroupKind::Own && own != Some(group.id.as_str()) && group.name.to_lowercase() == name);
    if taken { Err(errors::usual(409)) } else { Ok(()) }
}

/// The contact list holds no more than so many groups.
fn has_room(state: &State) -> Result<(), Answer> {
    let limit = state.settings.switches.max_groups;
    if limit > 0 && state.directory().groups().iter().filter(|group| group.listed).count() >= limit {
        return Err(Answer::error(409, Some("TooManyGroups"), "There are too many groups."));
    }
    Ok(())
}
