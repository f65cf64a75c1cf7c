"""What the library tells, as objects that cannot be changed.

What a server did not say is None. ``raw`` holds, in the server's own words, the members that have no attribute: servers
know more than their documentation.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, Mapping, Optional, Tuple, Type, TypeVar, cast

from ._enums import (
    Availability,
    ConnectionState,
    ContactType,
    DeviceType,
    Modality,
    NoteType,
    OpenEnum,
    PhoneType,
    RelationshipLevel,
    SourceNetwork,
)
from ._errors import UcwaError, from_details

_E = TypeVar("_E", bound=OpenEnum)

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Value:
    """What all of them have in common: they print what was said, and leave out what was not.

    ``raw`` counts when two are compared, and not for the hash, as a dictionary has none.
    """

    def __repr__(self) -> str:
        shown = ((part.name, getattr(self, part.name)) for part in fields(cast(Any, self)) if part.repr)
        said = (f"{name}={value!r}" for name, value in shown if value is not None and value != ())
        return f"{type(self).__name__}({', '.join(said)})"


class Members:
    """The members of one JSON object, taken out one by one; what nobody took is left over for ``raw``."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self.left = dict(members)

    def text(self, name: str) -> Optional[str]:
        """A text; anything else stays in ``raw``."""
        return self.left.pop(name) if isinstance(self.left.get(name), str) else None

    def texts(self, name: str) -> Tuple[str, ...]:
        """A list of texts; empty where there is none."""
        value = self.left.get(name)
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(self.left.pop(name))
        return ()

    def truth(self, name: str) -> Optional[bool]:
        """A truth value."""
        return self.left.pop(name) if isinstance(self.left.get(name), bool) else None

    def number(self, name: str) -> Optional[int]:
        """A whole number."""
        value = self.left.get(name)
        return self.left.pop(name) if isinstance(value, int) and not isinstance(value, bool) else None

    def choice(self, name: str, kind: Type[_E]) -> Optional[_E]:
        """A value of an enumeration."""
        value = self.text(name)
        return None if value is None else kind(value)

    def date(self, name: str) -> Optional[datetime]:
        """A date, which stands there twice: for people and as a number."""
        number = self.left.get(name + "UnixMs")
        if not isinstance(number, int):
            return None
        try:
            date = _EPOCH + timedelta(milliseconds=number)
        except OverflowError:
            # The server's calendar is longer than Python's.
            return None
        del self.left[name + "UnixMs"]
        self.left.pop(name, None)
        return date

    def part(self, name: str) -> Optional[Mapping[str, Any]]:
        """An object within."""
        value: Optional[Mapping[str, Any]] = self.left.pop(name) if isinstance(self.left.get(name), dict) else None
        return value

    def error(self) -> Optional[UcwaError]:
        """The failure that stands in a result's place."""
        details = self.part("error")
        return None if details is None else from_details(details)


@dataclass(frozen=True, repr=False)
class Note(Value):
    """The note of a contact or of the user."""

    uri: Optional[str] = None
    #: ``""`` where the server says that there is none.
    message: Optional[str] = None
    type: Optional[NoteType] = None
    href: Optional[str] = None
    #: Why this note could not be read, where it was to be included with presence.
    error: Optional[UcwaError] = None
    raw: Dict[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @classmethod
    def _of(cls, members: Mapping[str, Any], uri: Optional[str] = None) -> Note:
        m = Members(members)
        return cls(
            m.text("uri") or uri, m.text("message"), m.choice("type", NoteType), m.text("href"), m.error(), m.left
        )


@dataclass(frozen=True, repr=False)
class Location(Value):
    """Where a contact or the user is."""

    uri: Optional[str] = None
    location: Optional[str] = None
    href: Optional[str] = None
    #: Why this location could not be read, where it was to be included with presence.
    error: Optional[UcwaError] = None
    raw: Dict[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @classmethod
    def _of(cls, members: Mapping[str, Any], uri: Optional[str] = None) -> Location:
        m = Members(members)
        return cls(m.text("uri") or uri, m.text("location"), m.text("href"), m.error(), m.left)


@dataclass(frozen=True, repr=False)
class Contact(Value):
    """A contact, or the signed-in user as one."""

    uri: str
    name: Optional[str] = None
    title: Optional[str] = None
    department: Optional[str] = None
    company: Optional[str] = None
    office: Optional[str] = None
    email_addresses: Tuple[str, ...] = ()
    work_phone_number: Optional[str] = None
    mobile_phone_number: Optional[str] = None
    home_phone_number: Optional[str] = None
    other_phone_number: Optional[str] = None
    type: Optional[ContactType] = None
    source_network: Optional[SourceNetwork] = None
    #: Until when the server holds this for fresh.
    expires: Optional[datetime] = None
    etag: Optional[str] = None
    href: Optional[str] = None
    #: Why this contact could not be read, in a list or where it was to be included with presence.
    #: If its URI is not known, `uri` is ``""``, and `href` is its address.
    error: Optional[UcwaError] = None
    raw: Dict[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @classmethod
    def _of(cls, members: Mapping[str, Any], uri: str = "") -> Contact:
        m = Members(members)
        return cls(
            m.text("uri") or uri,
            m.text("name"),
            m.text("title"),
            m.text("department"),
            m.text("company"),
            # Of the user it has another name.
            m.text("office") or m.text("officeLocation"),
            m.texts("emailAddresses"),
            m.text("workPhoneNumber"),
            m.text("mobilePhoneNumber"),
            m.text("homePhoneNumber"),
            m.text("otherPhoneNumber"),
            m.choice("type", ContactType),
            m.choice("sourceNetwork", SourceNetwork),
            m.date("expires"),
            m.text("etag"),
            m.text("href"),
            m.error(),
            m.left,
        )


@dataclass(frozen=True, repr=False)
class Presence(Value):
    """The presence of a contact.

    Where many were asked for and this one failed, ``error`` says why, and the rest is None. If the URI of a group's
    member is not known, `uri` is ``""`` then, and `href` is the contact's address.
    """

    uri: str
    name: Optional[str] = None
    availability: Optional[Availability] = None
    #: The same more exactly, for people to read.
    activity: Optional[str] = None
    device_type: Optional[DeviceType] = None
    #: When the contact was last active, in UTC.
    last_active: Optional[datetime] = None
    href: Optional[str] = None
    error: Optional[UcwaError] = None
    #: What was included, by ``include=``.
    note: Optional[Note] = None
    location: Optional[Location] = None
    contact: Optional[Contact] = None
    raw: Dict[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @classmethod
    def _of(cls, members: Mapping[str, Any]) -> Presence:
        m = Members(members)
        uri = m.text("uri") or ""
        note, location, contact = m.part("note"), m.part("location"), m.part("contact")
        return cls(
            uri,
            m.text("name"),
            m.choice("availability", Availability),
            m.text("activity"),
            m.choice("deviceType", DeviceType),
            m.date("lastActive"),
            m.text("href"),
            m.error(),
            None if note is None else Note._of(note, uri),
            None if location is None else Location._of(location, uri),
            None if contact is None else Contact._of(contact, uri),
            m.left,
        )


@dataclass(frozen=True, repr=False)
class MyPresence(Value):
    """The signed-in user's own presence."""

    availability: Optional[Availability] = None
    activity: Optional[str] = None
    device_type: Optional[DeviceType] = None
    last_active: Optional[datetime] = None
    href: Optional[str] = None
    raw: Dict[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @classmethod
    def _of(cls, members: Mapping[str, Any]) -> MyPresence:
        m = Members(members)
        return cls(
            m.choice("availability", Availability),
            m.text("activity"),
            m.choice("deviceType", DeviceType),
            m.date("lastActive"),
            m.text("href"),
            m.left,
        )


@dataclass(frozen=True, repr=False)
class Group(Value):
    """A group of the contact list, or a distribution group that a search found."""

    #: The kind: ``pinnedGroup``, ``defaultGroup``, ``group``, ``distributionGroup`` or another one.
    rel: Optional[str] = None
    #: What tells groups apart.
    id: Optional[str] = None
    name: Optional[str] = None
    #: Of distribution groups.
    uri: Optional[str] = None
    etag: Optional[str] = None
    href: Optional[str] = None
    #: Why this group could not be read.
    error: Optional[UcwaError] = None
    raw: Dict[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @classmethod
    def _of(cls, members: Mapping[str, Any]) -> Group:
        m = Members(members)
        return cls(
            m.text("rel"),
            m.text("id"),
            m.text("name"),
            m.text("uri"),
            m.text("etag"),
            m.text("href"),
            m.error(),
            m.left,
        )


@dataclass(frozen=True, repr=False)
class SearchResult(Value):
    """Whom a search found."""

    contacts: Tuple[Contact, ...] = ()
    distribution_groups: Tuple[Group, ...] = ()
    #: Whether a higher limit or a longer query would tell more.
    more_results_available: bool = False
    raw: Dict[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @classmethod
    def _of(cls, members: Mapping[str, Any]) -> SearchResult:
        m = Members(members)
        return cls(
            tuple(Contact._of(one) for one in m.left.pop("contacts", ())),
            tuple(Group._of(one) for one in m.left.pop("distributionGroups", ())),
            m.truth("moreResultsAvailable") or False,
            m.left,
        )


@dataclass(frozen=True, repr=False)
class SupportedModalities(Value):
    """The ways in which a contact can be reached."""

    uri: str
    modalities: Tuple[Modality, ...] = ()
    href: Optional[str] = None
    raw: Dict[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @classmethod
    def _of(cls, members: Mapping[str, Any]) -> SupportedModalities:
        m = Members(members)
        return cls(m.text("uri") or "", tuple(map(Modality, m.texts("modalities"))), m.text("href"), m.left)


@dataclass(frozen=True, repr=False)
class PrivacyRelationship(Value):
    """How much of the user a contact may see."""

    uri: str
    relationship_level: Optional[RelationshipLevel] = None
    href: Optional[str] = None
    raw: Dict[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @classmethod
    def _of(cls, members: Mapping[str, Any]) -> PrivacyRelationship:
        m = Members(members)
        level = m.choice("relationshipLevel", RelationshipLevel)
        return cls(m.text("uri") or "", level, m.text("href"), m.left)


@dataclass(frozen=True, repr=False)
class Membership(Value):
    """That a contact is in a group."""

    uri: str
    href: Optional[str] = None
    raw: Dict[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @classmethod
    def _of(cls, members: Mapping[str, Any]) -> Membership:
        m = Members(members)
        return cls(m.text("uri") or "", m.text("href"), m.left)


@dataclass(frozen=True, repr=False)
class Phone(Value):
    """One of the user's own phones."""

    number: Optional[str] = None
    type: Optional[PhoneType] = None
    include_in_contact_card: Optional[bool] = None
    etag: Optional[str] = None
    href: Optional[str] = None
    raw: Dict[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @classmethod
    def _of(cls, members: Mapping[str, Any]) -> Phone:
        m = Members(members)
        return cls(
            m.text("number"),
            m.choice("type", PhoneType),
            m.truth("includeInContactCard"),
            m.text("etag"),
            m.text("href"),
            m.left,
        )


@dataclass(frozen=True, repr=False)
class Photo(Value):
    """A photo."""

    #: The picture, in the form that ``media_type`` names.
    data: bytes = field(repr=False)
    #: Such as ``image/jpeg``.
    media_type: str


@dataclass(frozen=True, repr=False)
class Response(Value):
    """The answer to `Application.request`."""

    #: The HTTP status, 200 to 299: every other is a failure.
    status: int
    etag: Optional[str] = None
    location: Optional[str] = None
    content_type: Optional[str] = None
    #: JSON exactly as it came; a text where it was another text, bytes where it was neither; None where there was none.
    body: Any = field(default=None, hash=False)


@dataclass(frozen=True, repr=False)
class Health(Value):
    """How an application fares, for a status page or a watchdog."""

    #: Of the event channel; ``none`` before it is needed.
    connection: ConnectionState
    token_expires: Optional[datetime] = None
    #: When the event channel answered last.
    last_event: Optional[datetime] = None
    #: How many subscriptions there are, and how many contacts they are about.
    subscriptions: int = 0
    contacts: int = 0
    #: How many the server holds for them, and how many contacts are in those.
    server_subscriptions: int = 0
    subscribed_contacts: int = 0
    #: How many events wait to be taken.
    waiting_events: int = 0
    #: How many applications were created so far: more than one, where the server lost some.
    applications: int = 0
    #: Requests since signing in, how many of them were repetitions, and how many were answered 429.
    requests: int = 0
    retries: int = 0
    throttled: int = 0
    raw: Dict[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @classmethod
    def _of(cls, members: Mapping[str, Any]) -> Health:
        m = Members(members)
        return cls(
            ConnectionState(m.text("connection") or "none"),
            m.date("tokenExpires"),
            m.date("lastEvent"),
            m.number("subscriptions") or 0,
            m.number("contacts") or 0,
            m.number("serverSubscriptions") or 0,
            m.number("subscribedContacts") or 0,
            m.number("waitingEvents") or 0,
            m.number("applications") or 0,
            m.number("requests") or 0,
            m.number("retries") or 0,
            m.number("throttled") or 0,
            m.left,
        )


@dataclass(frozen=True, repr=False)
class TokenChallenge(Value):
    """What a token callback is told."""

    #: What the library wants to ask for.
    url: str
    #: Scheme, name and port: the token is for this host, and is sent to no other.
    host: str
    #: Where the server gives tokens; None where it does not say.
    token_url: Optional[str] = None
    #: The kinds of grant that it offers.
    grants: Tuple[str, ...] = ()
    #: ``challenged``: the first token for this host. ``refused``: the last one is no longer good.
    reason: Optional[str] = None
    raw: Dict[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @classmethod
    def _of(cls, members: Mapping[str, Any]) -> TokenChallenge:
        m = Members(members)
        return cls(
            m.text("url") or "",
            m.text("host") or "",
            m.text("tokenUrl"),
            m.texts("grants"),
            m.text("reason"),
            m.left,
        )
