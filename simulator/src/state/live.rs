//! What an application is told of while it lives: its subscriptions, and the channel that events go by.

use std::time::Duration;

use super::channel::{Channel, Priority, Topic, Within};
use super::subscriptions::{Passed, Subscriptions};
use crate::directory::{Change, ChangeKind, Directory, GroupKind, key};

/// The live side of an application; goes with it.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) channel: Channel,
    pub(crate) subscriptions: Subscriptions,
    /// Until when changes of the contact list are told, where they are.
    list_until: Option<Duration>,
}

impl Default for Live {
    fn default() -> Live {
        Live { channel: Channel::new(), subscriptions: Subscriptions::default(), list_until: None }
    }
}

impl Live {
    /// Whether changes of the contact list are told.
    pub(crate) fn is_connected(&self) -> bool {
        self.list_until.is_some()
    }

    /// From now on changes of the contact list are told for so long.
    pub(crate) fn connect(&mut self, length: Duration, now: Duration) {
        self.list_until = Some(now.saturating_add(length));
        // Who waits has to know of its end.
        self.channel.wake();
    }

    /// Changes of the contact list are told no more, and that is.
    pub(crate) fn disconnect(&mut self, now: Duration) {
        if self.list_until.take().is_some() {
            self.tell(Priority::Medium, ChangeKind::Updated, "myContactsAndGroupsSubscription", "", Within::Nothing, now);
        }
    }

    /// All subscriptions are gone, and nobody is told.
    pub(crate) fn forget(&mut self) {
        self.subscriptions.clear();
        self.list_until = None;
    }

    /// All subscriptions end as if their time were over.
    pub(crate) fn expire(&mut self, now: Duration) {
        let ids: Vec<String> = self.subscriptions.all().map(|(id, _)| id.clone()).collect();
        for id in ids {
            self.unsubscribe(&id, now);
        }
        self.disconnect(now);
    }

    /// Adds people, given by key and address, to a subscription that is new or not. Of who does not exist nothing is told.
    pub(crate) fn subscribe(&mut self, id: &str, people: &[(String, String)], is_new: bool, directory: &Directory, now: Duration) {
        let mut known = Vec::new();
        for (key, uri) in people {
            let is_newly_watched = self.subscriptions.add(id, key, uri);
            if directory.person(key).is_some() {
                known.push(key);
                if is_newly_watched {
                    self.tell(Priority::Medium, ChangeKind::Added, "contact", key, Within::SubscribedContacts, now);
                }
            }
        }
        if is_new {
            self.tell(Priority::Medium, ChangeKind::Added, "presenceSubscription", id, Within::Nothing, now);
        }
        for key in known {
            self.tell(Priority::Medium, ChangeKind::Updated, "contactPresence", key, Within::Contact, now);
        }
        // Who waits has to know of its end.
        self.channel.wake();
    }

    /// Ends a subscription. False where there is none.
    pub(crate) fn unsubscribe(&mut self, id: &str, now: Duration) -> bool {
        let left = self.subscriptions.remove(id);
        left.is_some_and(|left| {
            self.tell_end(id, left, now);
            true
        })
    }

    /// Takes somebody out of a subscription. False where they are not in it.
    pub(crate) fn unsubscribe_member(&mut self, id: &str, key: &str, now: Duration) -> bool {
        let removed = self.subscriptions.remove_member(id, key);
        if removed == Some(true) {
            self.tell(Priority::Medium, ChangeKind::Deleted, "contact", key, Within::SubscribedContacts, now);
        }
        removed.is_some()
    }

    /// Does what the time has come for.
    pub(crate) fn pass(&mut self, now: Duration) {
        for passed in self.subscriptions.pass(now) {
            match passed {
                Passed::ExpiresSoon(id) => {
                    self.tell(Priority::Medium, ChangeKind::Updated, "presenceSubscription", &id, Within::Nothing, now);
                }
                Passed::Expired(id, left) => self.tell_end(&id, left, now),
            }
        }
        if self.list_until.is_some_and(|until| until <= now) {
            self.disconnect(now);
        }
    }

    /// When something happens by itself.
    pub(crate) fn due(&self) -> Option<Duration> {
        [self.subscriptions.due(), self.list_until].into_iter().flatten().min()
    }

    /// Takes in a change, and tells it where that is wished.
    pub(crate) fn hear(&mut self, change: &Change, directory: &Directory, now: Duration) {
        let own = key(&change.subject);
        let (kind, rel) = (change.kind, change.rel);
        match (rel, &change.group) {
            ("me" | "presence" | "note" | "location", _) => self.tell(Priority::Medium, kind, rel, "", Within::Nothing, now),
            ("contact", None) if kind == ChangeKind::Updated => {
                if self.subscriptions.is_watched(&own) {
                    self.tell(Priority::Medium, kind, rel, &own, Within::Nothing, now);
                }
            }
            ("contact", None) => self.tell_of_list(Priority::High, kind, rel, &own, Within::MyContacts, now),
            ("contact", Some(id)) => {
                self.follow(id, kind, &own, &change.subject, directory, now);
                let group = directory.group(id).map(|group| group.kind);
                let priority = match group {
                    Some(GroupKind::Delegates | GroupKind::Delegators) => Priority::Low,
                    _ => Priority::High,
                };
                self.tell_of_list(priority, kind, rel, &own, Within::Group(id.clone()), now);
            }
            ("contactPresence" | "contactNote" | "contactLocation" | "contactSupportedModalities" | "contactPrivacyRelationship", _) => {
                if self.subscriptions.is_watched(&own) {
                    self.tell(Priority::Medium, kind, rel, &own, Within::Contact, now);
                }
            }
            _ => {
                if kind == ChangeKind::Deleted {
                    self.unsubscribe(&change.subject, now);
                }
                let is_low = ["pinnedGroup", "defaultGroup", "myOrganizationGroup"].contains(&rel) && kind != ChangeKind::Updated;
                let priority = if is_low { Priority::Low } else { Priority::High };
                self.tell_of_list(priority, kind, rel, &change.subject, Within::MyGroups, now);
            }
        }
    }

    /// The subscription of a group has the members that the group has.
    fn follow(&mut self, group: &str, kind: ChangeKind, key: &str, uri: &str, directory: &Directory, now: Duration) {
        if self.subscriptions.get(group).is_none() {
            return;
        }
        if kind == ChangeKind::Deleted {
            self.unsubscribe_member(group, key, now);
        } else {
            self.subscribe(group, &[(key.to_owned(), uri.to_owned())], false, directory, now);
        }
    }

    fn tell_end(&mut self, id: &str, left: Vec<String>, now: Duration) {
        for key in left {
            self.tell(Priority::Medium, ChangeKind::Deleted, "contact", &key, Within::SubscribedContacts, now);
        }
        self.tell(Priority::Medium, ChangeKind::Deleted, "presenceSubscription", id, Within::Nothing, now);
    }

    fn tell_of_list(&mut self, priority: Priority, kind: ChangeKind, rel: &'static str, subject: &str, within: Within, now: Duration) {
        if self.is_connected() {
            self.tell(priority, kind, rel, subject, within, now);
        }
    }

    fn tell(&mut self, priority: Priority, kind: ChangeKind, rel: &'static str, subject: &str, within: Within, now: Duration) {
        self.channel.push(priority, kind, Topic { rel, subject: subject.to_owned(), within }, now);
    }
}
