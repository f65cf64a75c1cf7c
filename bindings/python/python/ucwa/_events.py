"""What happens, as objects that cannot be changed.

>>> match event:  # doctest: +SKIP
...     case PresenceEvent(uri, presence):
...         print(uri, presence.availability)
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional, Tuple, Type

from ._enums import ConnectionState
from ._errors import UcwaError
from ._values import Contact, Group, Location, Members, Note, Presence, Value


@dataclass(frozen=True, repr=False, init=False)
class Event(Value):
    """Something that happened.

    What a later version tells of, and this one does not know, is a plain `Event`: pass it over.
    """

    #: What happened, in the words of the C library.
    kind: str = field(init=False)
    #: The members that have no attribute.
    raw: Dict[str, Any] = field(init=False, hash=False, repr=False, default_factory=dict)

    __match_args__ = ("kind",)

    def __init__(self, kind: str, raw: Optional[Mapping[str, Any]] = None) -> None:
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "raw", dict(raw or {}))

    @classmethod
    def _of(cls, m: Members) -> Event:
        """Make one of the members that are not taken out yet."""
        return Event(m.text("event") or "")


@dataclass(frozen=True, repr=False)
class PresenceEvent(Event):
    """The presence of a contact: as it is now, once after subscribing, then whenever it has changed."""

    kind: str = field(init=False, repr=False, default="presence")
    uri: str
    presence: Presence
    #: The ids of the subscriptions that it is told for.
    subscriptions: Tuple[str, ...] = ()

    @classmethod
    def _of(cls, m: Members) -> Event:
        uri, presence = _about(m, "presence")
        return cls(uri, Presence._of({"uri": uri, **presence}), m.texts("subscriptions"))


@dataclass(frozen=True, repr=False)
class NoteEvent(Event):
    """The note of a contact, likewise, where ``include=["note"]`` was subscribed to."""

    kind: str = field(init=False, repr=False, default="note")
    uri: str
    note: Note
    subscriptions: Tuple[str, ...] = ()

    @classmethod
    def _of(cls, m: Members) -> Event:
        uri, note = _about(m, "note")
        return cls(uri, Note._of(note, uri), m.texts("subscriptions"))


@dataclass(frozen=True, repr=False)
class LocationEvent(Event):
    """Where a contact is, likewise, where ``include=["location"]`` was subscribed to."""

    kind: str = field(init=False, repr=False, default="location")
    uri: str
    location: Location
    subscriptions: Tuple[str, ...] = ()

    @classmethod
    def _of(cls, m: Members) -> Event:
        uri, location = _about(m, "location")
        return cls(uri, Location._of(location, uri), m.texts("subscriptions"))


@dataclass(frozen=True, repr=False)
class ContactEvent(Event):
    """A contact's own data, likewise, where ``include=["contact"]`` was subscribed to."""

    kind: str = field(init=False, repr=False, default="contact")
    uri: str
    contact: Contact
    subscriptions: Tuple[str, ...] = ()

    @classmethod
    def _of(cls, m: Members) -> Event:
        uri, contact = _about(m, "contact")
        return cls(uri, Contact._of(contact, uri), m.texts("subscriptions"))


@dataclass(frozen=True, repr=False)
class ContactAdded(Event):
    """A contact came to a group, or to the contact list as a whole."""

    kind: str = field(init=False, repr=False, default="contactAdded")
    uri: str
    contact: Contact
    #: None where it is the contact list.
    group: Optional[Group] = None
    subscriptions: Tuple[str, ...] = ()

    @classmethod
    def _of(cls, m: Members) -> Event:
        uri, contact = _about(m, "contact")
        group = m.part("group")
        return cls(
            uri, Contact._of(contact, uri), None if group is None else Group._of(group), m.texts("subscriptions")
        )


@dataclass(frozen=True, repr=False)
class ContactRemoved(Event):
    """A contact left a group, or the contact list as a whole."""

    kind: str = field(init=False, repr=False, default="contactRemoved")
    uri: str
    contact: Contact
    #: None where it is the contact list.
    group: Optional[Group] = None
    subscriptions: Tuple[str, ...] = ()

    @classmethod
    def _of(cls, m: Members) -> Event:
        uri, contact = _about(m, "contact")
        group = m.part("group")
        return cls(
            uri, Contact._of(contact, uri), None if group is None else Group._of(group), m.texts("subscriptions")
        )


@dataclass(frozen=True, repr=False)
class GroupAdded(Event):
    """A group was made."""

    kind: str = field(init=False, repr=False, default="groupAdded")
    group: Group
    subscriptions: Tuple[str, ...] = ()

    @classmethod
    def _of(cls, m: Members) -> Event:
        return cls(Group._of(m.part("group") or {}), m.texts("subscriptions"))


@dataclass(frozen=True, repr=False)
class GroupUpdated(Event):
    """A group was renamed, or changed otherwise."""

    kind: str = field(init=False, repr=False, default="groupUpdated")
    group: Group
    subscriptions: Tuple[str, ...] = ()

    @classmethod
    def _of(cls, m: Members) -> Event:
        return cls(Group._of(m.part("group") or {}), m.texts("subscriptions"))


@dataclass(frozen=True, repr=False)
class GroupRemoved(Event):
    """A group is gone."""

    kind: str = field(init=False, repr=False, default="groupRemoved")
    group: Group
    subscriptions: Tuple[str, ...] = ()

    @classmethod
    def _of(cls, m: Members) -> Event:
        return cls(Group._of(m.part("group") or {}), m.texts("subscriptions"))


@dataclass(frozen=True, repr=False)
class SubscriptionRefused(Event):
    """Nothing can be told of one contact of a subscription, or no more; the others are not concerned."""

    kind: str = field(init=False, repr=False, default="subscription")
    #: The subscription's id.
    id: str
    uri: str
    error: Optional[UcwaError] = None

    @classmethod
    def _of(cls, m: Members) -> Event:
        if m.left.get("state") != "refused":
            return Event("subscription")
        del m.left["state"]
        return cls(m.text("id") or "", m.text("uri") or "", m.error())


@dataclass(frozen=True, repr=False)
class ConnectionEvent(Event):
    """The connection to the server was lost, or is there again, or was given up."""

    kind: str = field(init=False, repr=False, default="connection")
    #: ``interrupted``; ``restored``: what has changed meanwhile is told about then; ``stopped``: nothing comes any more
    #: until something is subscribed to again.
    state: ConnectionState
    error: Optional[UcwaError] = None

    @classmethod
    def _of(cls, m: Members) -> Event:
        return cls(ConnectionState(m.text("state") or ""), m.error())


@dataclass(frozen=True, repr=False)
class LaggedEvent(Event):
    """Events were taken too slowly, and so many dropped, of which later ones tell the outcome."""

    kind: str = field(init=False, repr=False, default="lagged")
    dropped: int

    @classmethod
    def _of(cls, m: Members) -> Event:
        return cls(m.number("dropped") or 0)


@dataclass(frozen=True, repr=False)
class ResourceEvent(Event):
    """Anything else that the server told, in its own words."""

    kind: str = field(init=False, repr=False, default="resource")
    #: Such as ``added``, ``updated``, ``deleted``, ``completed``.
    type: str
    #: What kind of resource it is, and where.
    rel: str
    href: str
    status: Optional[str] = None
    reason: Any = field(default=None, hash=False)
    #: The resource itself, where it came along.
    resource: Any = field(default=None, hash=False)

    @classmethod
    def _of(cls, m: Members) -> Event:
        return cls(
            m.text("type") or "",
            m.text("rel") or "",
            m.text("href") or "",
            m.text("status"),
            m.left.pop("reason", None),
            m.left.pop("resource", None),
        )


_KINDS: Dict[str, Type[Event]] = {
    kind.kind: kind
    for kind in (
        PresenceEvent,
        NoteEvent,
        LocationEvent,
        ContactEvent,
        ContactAdded,
        ContactRemoved,
        GroupAdded,
        GroupUpdated,
        GroupRemoved,
        SubscriptionRefused,
        ConnectionEvent,
        LaggedEvent,
        ResourceEvent,
    )
}


def from_json(text: str) -> Event:
    """The event of a JSON text, as the native part hands it out."""
    m = Members(json.loads(text))
    event = _KINDS.get(str(m.left.get("event")), Event)._of(m)
    m.left.pop("event", None)
    object.__setattr__(event, "raw", m.left)
    return event


def _about(m: Members, name: str) -> Tuple[str, Mapping[str, Any]]:
    """The contact, and what is told of it."""
    return m.text("uri") or "", m.part(name) or {}
