"""UCWA's enumerations. They are texts, and take whatever a server says, known or not."""

from __future__ import annotations

import enum
from typing import Any, Optional, Tuple, Type, TypeVar

_E = TypeVar("_E", bound="OpenEnum")


class OpenEnum(str, enum.Enum):
    """A text of which the well-known values have names.

    ``Availability("Busy") == "Busy"``, hashes and prints as the text does, and serialises as one. A value that has no
    name yet is a member all the same: ``Availability("Hiding").value == "Hiding"``.
    """

    def __new__(cls: Type[_E], value: str) -> _E:
        """Take a text, known or not."""
        member = str.__new__(cls, value)
        member._value_ = value
        return member

    @classmethod
    def _missing_(cls, value: object) -> Optional[OpenEnum]:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    # As of a plain text, on every version of Python; an enumeration's own go by the name, and changed over time.
    __hash__ = str.__hash__
    __eq__ = str.__eq__
    __ne__ = str.__ne__
    __str__ = str.__str__

    def __format__(self, format_spec: str) -> str:
        return str.__format__(self, format_spec)

    def __reduce_ex__(self, protocol: Any) -> Tuple[Any, ...]:
        return type(self), (self.value,)


class Availability(OpenEnum):
    """Whether somebody can be reached: what to act on."""

    ONLINE = "Online"
    IDLE_ONLINE = "IdleOnline"
    BUSY = "Busy"
    IDLE_BUSY = "IdleBusy"
    DO_NOT_DISTURB = "DoNotDisturb"
    BE_RIGHT_BACK = "BeRightBack"
    AWAY = "Away"
    OFFLINE = "Offline"
    #: Only to be set, by `Application.set_my_presence`.
    OFFWORK = "Offwork"
    #: Has been seen of contacts that share nothing.
    NONE = "None"


class DeviceType(OpenEnum):
    """Where somebody is active."""

    PC = "PC"
    MOBILE = "Mobile"
    WEB = "Web"
    DESK_PHONE = "DeskPhone"
    UNKNOWN = "Unknown"


class ContactType(OpenEnum):
    """What kind of contact it is."""

    USER = "User"
    BOT = "Bot"
    PHONE = "Phone"
    REPLAY_BOT = "ReplayBot"


class SourceNetwork(OpenEnum):
    """From where a contact is."""

    SAME_ENTERPRISE = "SameEnterprise"
    FEDERATED = "Federated"
    PUBLIC_CLOUD = "PublicCloud"
    EVERYONE = "Everyone"
    UNKNOWN = "Unknown"


class NoteType(OpenEnum):
    """What kind of note it is."""

    PERSONAL = "Personal"
    OUT_OF_OFFICE = "OutOfOffice"


class Modality(OpenEnum):
    """A way in which a contact can be reached."""

    MESSAGING = "Messaging"
    AUDIO = "Audio"
    VIDEO = "Video"
    PANORAMIC_VIDEO = "PanoramicVideo"
    PHONE_AUDIO = "PhoneAudio"


class RelationshipLevel(OpenEnum):
    """How much of the user a contact may see."""

    COLLEAGUES = "Colleagues"
    WORKGROUP = "Workgroup"
    FRIENDS_AND_FAMILY = "FriendsAndFamily"
    EXTERNAL = "External"
    BLOCKED = "Blocked"
    UNKNOWN = "Unknown"


class PhoneType(OpenEnum):
    """Which of the user's phones it is."""

    WORK = "work"
    MOBILE = "mobile"
    HOME = "home"
    OTHER = "other"


class ConnectionState(OpenEnum):
    """How the connection that brings events fares."""

    #: It was not needed so far.
    NONE = "none"
    CONNECTED = "connected"
    INTERRUPTED = "interrupted"
    #: Only told, by a `ConnectionEvent`; it is ``connected`` then.
    RESTORED = "restored"
    STOPPED = "stopped"
