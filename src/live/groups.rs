//! Groups and the contact list: whose presence a group stands for, and being told when they change.

use super::Core;
use super::holding::{Holding, Kind, MINUTES, is_refusal, lasting, minutes, own_address, with_duration};
use super::settling::{Concern, Failures, ends_the_call};
use super::state::{Subject, Wish};
use crate::application::Access;
use crate::clock;
use crate::error::{Error, Result, Status};
use crate::logging;
use crate::resource::navigation::Path;
use crate::sip_uri::SipUri;
use crate::transport::Request;
use std::collections::{BTreeMap, BTreeSet};

/// How long the server tells of the contact list and its groups, in minutes: as long as it can.
pub(super) const LISTS_MINUTES: u64 = 60;

impl Core {
    /// Reads who is in the groups that wishes are about, where that may have changed.
    pub fn read_group_wishes(&self, access: &Access<'_>, failures: &mut Failures) -> Result<()> {
        let groups: Vec<(String, String)> = {
            let mut state = self.state();
            // Taken before it is read: a change meanwhile has it read again.
            let due = std::mem::take(&mut state.groups_due);
            let group = |(id, wish): (&String, &Wish)| match &wish.subject {
                Subject::Group(group) if due || !wish.settled => Some((id.clone(), group.clone())),
                _ => None,
            };
            state.wishes.iter().filter_map(group).collect()
        };
        for (id, group) in groups {
            let read = match self.people.member_uris(access, &group) {
                Err(error) if error.status() == Status::NotFound => access.check().and(Err(error)),
                read => read,
            };
            let uris = match read {
                Ok(uris) => uris,
                Err(error) if ends_the_call(&error) => {
                    self.state().groups_due = true;
                    return Err(error);
                }
                Err(error) if !self.is_settled(&id) => {
                    failures.note(Concern::Wish(id), Err(error))?;
                    continue;
                }
                Err(error) if error.status() == Status::NotFound => {
                    logging::warn!("a group that was subscribed to is gone: {error}");
                    Vec::new()
                }
                Err(error) if is_refusal(&error) => {
                    logging::warn!("who is in a group that was subscribed to cannot be read: {error}");
                    continue;
                }
                Err(error) => {
                    self.state().groups_due = true;
                    failures.note(Concern::Wish(id), Err(error))?;
                    continue;
                }
            };
            let members: BTreeMap<String, SipUri> =
                uris.iter().filter_map(|uri| SipUri::parse(uri).ok()).map(|uri| (uri.key().to_owned(), uri)).collect();
            let mut state = self.state();
            let Some(wish) = state.wishes.get_mut(&id) else { continue };
            let left: Vec<String> = wish.contacts.keys().filter(|key| !members.contains_key(*key)).cloned().collect();
            left.iter().for_each(|key| wish.remove(key));
            self.queue.forget(&id, Some(&left.iter().map(String::as_str).collect()));
            wish.add(members);
            wish.settled = true;
            let untold: Vec<_> = wish.untold.iter().cloned().collect();
            state.stale.extend(untold);
            state.prune();
        }
        Ok(())
    }

    /// Whether a wish was fulfilled before, and is not just being made.
    fn is_settled(&self, id: &str) -> bool {
        self.state().wishes.get(id).is_some_and(|wish| wish.settled)
    }

    /// Subscribes to groups as such where the server offers it: it knows the members itself then.
    pub fn hold_groups(&self, access: &Access<'_>, failures: &mut Failures) -> Result<()> {
        let wanted: BTreeMap<String, BTreeSet<String>> = {
            let state = self.state();
            let group = |wish: &Wish| match &wish.subject {
                Subject::Group(group) => Some((group.clone(), wish.contacts.keys().cloned().collect())),
                _ => None,
            };
            state.wishes.values().filter_map(group).collect()
        };
        for (group, members) in wanted {
            let held = {
                let mut state = self.state();
                let holding = state.holdings.iter_mut().find(|holding| holding.is_of(&group));
                holding.map(|holding| {
                    let same = holding.members == members;
                    // Who has left is no longer followed by the server, whatever becomes of the rest.
                    holding.members.retain(|key| members.contains(key));
                    same
                })
            };
            if held == Some(true) || members.is_empty() {
                continue;
            }
            // Where the members have changed it is made again, too: not every server looks again by itself. Where it cannot be
            // made its members are subscribed to one by one.
            failures.note(Concern::Nobody, self.hold_group(access, &group, members))?;
        }
        Ok(())
    }

    fn hold_group(&self, access: &Access<'_>, group: &str, members: BTreeSet<String>) -> Result<()> {
        let Some(again) = self.people.group_subscription(access, group)? else { return Ok(()) };
        let request = lasting(&again);
        let made = match access.send(request.clone()) {
            Ok(answer) => answer,
            Err(error) if is_refusal(&error) => {
                logging::warn!("the group \"{group}\" cannot be subscribed to as such: {error}");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let own = own_address(access, &request, &made)?;
        let kind = Kind::Group { named: group.to_owned(), again };
        let mut state = self.state();
        state.holdings.retain(|holding| !holding.is_of(group));
        state.hold(access, Holding { own, kind, members, until: clock::now() + minutes(MINUTES) });
        Ok(())
    }

    /// Has the server tell of the contact list and its groups, where somebody wishes to know or a group is followed.
    pub fn hold_lists(&self, access: &Access<'_>) -> Result<()> {
        let (wished, followed, running) = {
            let state = self.state();
            (state.has_lists_wish(), state.has_group_wish(), state.lists_until.is_some())
        };
        let url = access.locate(&Path::parse("people/myContactsAndGroupsSubscription")?);
        let needed = wished || followed;
        if needed == running {
            return Ok(());
        }
        let change = || {
            let subscription = access.get(&url?)?;
            let resource = subscription.resource()?;
            let rel = if needed { "startOrRefreshSubscriptionToContactsAndGroups" } else { "stopSubscriptionToContactsAndGroups" };
            let none = || Error::new(Status::NotFound, format!("the server offers no {rel}"));
            let url = access.resolve(resource.link(rel).ok_or_else(none)?)?;
            let url = if needed { with_duration(&url, LISTS_MINUTES) } else { url };
            access.send(Request::post_within_application(url, None)).map(drop)
        };
        match change() {
            Ok(()) => {}
            // A group can be followed without, if not as closely: its members are read whenever subscriptions are extended.
            Err(error)
                if !wished && matches!(error.status(), Status::NotFound | Status::Forbidden) && !error.details().application_gone =>
            {
                logging::warn!("changes of the contact list are not told: {error}");
            }
            Err(error) => return Err(error),
        }
        let mut state = self.state();
        if state.is_of(access) {
            state.lists_until = needed.then(|| clock::now() + minutes(LISTS_MINUTES));
        }
        Ok(())
    }
}
