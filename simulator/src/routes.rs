//! From a path to the resource it names.

use crate::directory::{Group, GroupKind};
use crate::http::{Request, decode};
use crate::state::{State, hash};

/// Where the applications are.
pub(crate) const APPLICATIONS: &str = "/ucwa/oauth/v1/applications";
pub(crate) const DISCOVERY: &str = "/Autodiscover/AutodiscoverService.svc/root";
pub(crate) const TOKEN_SERVICE: &str = "/WebTicket/oauthtoken";
pub(crate) const XFRAME: &str = "/Autodiscover/XFrame/XFrame.html";

macro_rules! kinds {
    ($($kind:ident $name:literal)*) => {
        /// The resources, each named by its link relation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Kind { $($kind),* }

        impl Kind {
            pub(crate) fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name),* }
            }

            /// All names, in the order of signing in and reading on.
            pub(crate) const NAMES: &'static [&'static str] = &[$($name),*];
        }
    };
}

kinds! {
    Root "root" User "user" Xframe "xframe" Token "token"
    Applications "applications" Application "application" Policies "policies" ReportMyNetwork "reportMyNetwork"
    Batch "batch" Events "events" Communication "communication" OnlineMeetings "onlineMeetings"
    Me "me" MakeMeAvailable "makeMeAvailable" ReportMyActivity "reportMyActivity" Presence "presence" Note "note"
    Location "location" Phones "phones" Phone "phone" CallForwardingSettings "callForwardingSettings" Photo "photo"
    People "people" MyContacts "myContacts" MyGroups "myGroups" Group "group" PinnedGroup "pinnedGroup"
    DefaultGroup "defaultGroup" DistributionGroup "distributionGroup" DelegatesGroup "delegatesGroup"
    DelegatorsGroup "delegatorsGroup" MyOrganizationGroup "myOrganizationGroup" GroupContacts "groupContacts"
    ExpandDistributionGroup "expandDistributionGroup" AddToContactList "addToContactList"
    RemoveFromContactList "removeFromContactList" MyGroupMemberships "myGroupMemberships"
    MyGroupMembership "myGroupMembership" RemoveContactFromAllGroups "removeContactFromAllGroups"
    MyPrivacyRelationships "myPrivacyRelationships" MyPrivacyRelationship "myPrivacyRelationship" Search "search"
    PresenceSubscriptions "presenceSubscriptions" PresenceSubscription "presenceSubscription"
    SubscribeToGroupPresence "subscribeToGroupPresence" AddToPresenceSubscription "addToPresenceSubscription"
    PresenceSubscriptionMemberships "presenceSubscriptionMemberships"
    PresenceSubscriptionMembership "presenceSubscriptionMembership" SubscribedContacts "subscribedContacts"
    MyContactsAndGroupsSubscription "myContactsAndGroupsSubscription"
    StartOrRefreshSubscriptionToContactsAndGroups "startOrRefreshSubscriptionToContactsAndGroups"
    StopSubscriptionToContactsAndGroups "stopSubscriptionToContactsAndGroups"
    Contact "contact" ContactPresence "contactPresence" ContactNote "contactNote" ContactLocation "contactLocation"
    ContactSupportedModalities "contactSupportedModalities"
    ContactPrivacyRelationship "contactPrivacyRelationship"
    ResetContactPrivacyRelationship "resetContactPrivacyRelationship" ContactPhoto "contactPhoto"
    Unknown "unknown"
}

/// The resource a request is for.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) kind: Kind,
    /// The application it belongs to.
    pub(crate) application: Option<String>,
    /// Its own part of the path, decoded: a contact's address, a group's id, or both of a membership.
    pub(crate) argument: String,
}

/// Finds the resource a request is for.
pub(crate) fn route(state: &State, request: &Request) -> Route {
    let path = request.path();
    let outside = |kind| Route { kind, application: None, argument: String::new() };
    let lower = path.to_ascii_lowercase();
    let lower = lower.strip_suffix('/').unwrap_or(&lower);
    let Some(inner) = lower.strip_prefix(APPLICATIONS) else {
        return outside(match lower.strip_prefix(&*DISCOVERY.to_ascii_lowercase()) {
            Some("") => Kind::Root,
            Some("/oauth/user" | "/user") => Kind::User,
            _ if lower.is_empty() => Kind::Root,
            _ if lower == TOKEN_SERVICE.to_ascii_lowercase() => Kind::Token,
            _ if lower == XFRAME.to_ascii_lowercase() => Kind::Xframe,
            _ => Kind::Unknown,
        });
    };
    if inner.is_empty() {
        return outside(Kind::Applications);
    }
    if !inner.starts_with('/') {
        return outside(Kind::Unknown);
    }
    // Everything below is sent back as the server wrote it, so case may matter in an id.
    let mut segments = path[APPLICATIONS.len() + 1..].split('/').map(decode);
    let application = segments.next();
    let segments: Vec<String> = segments.collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (kind, argument) = within(state, request, &segments);
    Route { kind, application, argument: argument.to_owned() }
}

/// The resource below an application.
fn within<'a>(state: &State, request: &Request, segments: &[&'a str]) -> (Kind, &'a str) {
    let kind = match segments {
        [] | [""] => Kind::Application,
        ["policies"] => Kind::Policies,
        ["reportMyNetwork"] => Kind::ReportMyNetwork,
        ["batch"] => Kind::Batch,
        ["events"] => Kind::Events,
        ["communication"] => Kind::Communication,
        ["onlineMeetings"] => Kind::OnlineMeetings,
        ["me"] => Kind::Me,
        ["me", own] => match *own {
            "makeMeAvailable" => Kind::MakeMeAvailable,
            "reportMyActivity" => Kind::ReportMyActivity,
            "presence" => Kind::Presence,
            "note" => Kind::Note,
            "location" => Kind::Location,
            "phones" => Kind::Phones,
            "callForwardingSettings" => Kind::CallForwardingSettings,
            _ => Kind::Unknown,
        },
        ["me", "phones", number] => return (Kind::Phone, number),
        ["photos", address] => {
            let own = address.eq_ignore_ascii_case(state.directory().me.address());
            return (if own { Kind::Photo } else { Kind::ContactPhoto }, address);
        }
        ["people", below @ ..] => return people(state, request, below),
        _ => Kind::Unknown,
    };
    (kind, "")
}

fn people<'a>(state: &State, request: &Request, segments: &[&'a str]) -> (Kind, &'a str) {
    let kind = match segments {
        [] => Kind::People,
        ["contacts"] if request.query("groupId").is_some() => Kind::GroupContacts,
        ["contacts"] => Kind::MyContacts,
        ["groups"] => Kind::MyGroups,
        ["groups", "addToContactList"] => Kind::AddToContactList,
        ["groups", "removeFromContactList"] => Kind::RemoveFromContactList,
        ["groups", id] => return (group(state, id).map_or(Kind::Group, |group| kind_of(group.kind)), id),
        ["groups", id, "expand"] => return (Kind::ExpandDistributionGroup, id),
        ["groupMemberships"] => Kind::MyGroupMemberships,
        ["groupMemberships", "removeContactFromAllGroups"] => Kind::RemoveContactFromAllGroups,
        ["groupMemberships", membership] => return (Kind::MyGroupMembership, membership),
        ["privacyRelationships"] => Kind::MyPrivacyRelationships,
        ["privacyRelationships", level] => return (Kind::MyPrivacyRelationship, level),
        ["search"] => Kind::Search,
        ["presenceSubscriptions"] if request.query("groupId").is_some() => Kind::SubscribeToGroupPresence,
        ["presenceSubscriptions"] => Kind::PresenceSubscriptions,
        ["presenceSubscriptions", id] => return (Kind::PresenceSubscription, id),
        ["presenceSubscriptions", id, "contacts"] => return (Kind::AddToPresenceSubscription, id),
        ["presenceSubscriptions", id, "memberships"] => return (Kind::PresenceSubscriptionMemberships, id),
        ["presenceSubscriptionMemberships"] => Kind::PresenceSubscriptionMemberships,
        ["presenceSubscriptionMemberships", membership] => return (Kind::PresenceSubscriptionMembership, membership),
        ["subscribedContacts"] => Kind::SubscribedContacts,
        ["contactsAndGroupsSubscription"] => Kind::MyContactsAndGroupsSubscription,
        ["contactsAndGroupsSubscription", "startOrRefresh"] => Kind::StartOrRefreshSubscriptionToContactsAndGroups,
        ["contactsAndGroupsSubscription", "stop"] => Kind::StopSubscriptionToContactsAndGroups,
        [address] => return (Kind::Contact, address),
        [address, part] => {
            let kind = match *part {
                "presence" => Kind::ContactPresence,
                "note" => Kind::ContactNote,
                "location" => Kind::ContactLocation,
                "supportedMedia" => Kind::ContactSupportedModalities,
                "privacyRelationship" => Kind::ContactPrivacyRelationship,
                _ => Kind::Unknown,
            };
            return (kind, address);
        }
        [address, "privacyRelationship", "reset"] => return (Kind::ResetContactPrivacyRelationship, address),
        _ => Kind::Unknown,
    };
    (kind, "")
}

fn kind_of(group: GroupKind) -> Kind {
    match group {
        GroupKind::Pinned => Kind::PinnedGroup,
        GroupKind::Default => Kind::DefaultGroup,
        GroupKind::Own => Kind::Group,
        GroupKind::Distribution => Kind::DistributionGroup,
        GroupKind::Delegates => Kind::DelegatesGroup,
        GroupKind::Delegators => Kind::DelegatorsGroup,
        GroupKind::Organization => Kind::MyOrganizationGroup,
    }
}

/// The other id under which the contacts of a group name themselves.
pub(crate) fn hashed_group_id(id: &str) -> String {
    format!("{:08x}{:08x}", hash(&[id, "contacts"]), hash(&["contacts", id]))
}

/// The group of this id, or of this hashed one.
pub(crate) fn group<'a>(state: &'a State, id: &str) -> Option<&'a Group> {
    let hashed = || state.directory().groups().iter().find(|group| hashed_group_id(&group.id) == id);
    state.directory().group(id).or_else(hashed)
}
