"""Presence of people on Skype for Business Server: a UCWA 2.0 client.

>>> import ucwa
>>> with ucwa.sign_in("sip:lenea@contoso.com", password="…") as app:  # doctest: +SKIP
...     print(app.contact_presence("sip:SaraD@contoso.com").availability)
Offline

`sign_in` makes an `Application`, whose methods read and change what the server knows, and tell of changes as they
happen. `ucwa.aio` is the same for asyncio, `ucwa.testing` a server to try programs against.
"""

import atexit as _atexit
import logging as _logging

from . import _ucwa
from ._application import Application, config_keys, sign_in
from ._arguments import ConfigValue, ContactLike, EventCallback, GroupLike, TokenCallback
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
from ._errors import (
    ApplicationEndedError,
    AuthenticationError,
    CallTimeoutError,
    ConflictError,
    DiscoveryError,
    ForbiddenError,
    ForkedError,
    InternalError,
    InvalidArgumentError,
    InvalidConfigError,
    NetworkError,
    NotFoundError,
    ProtocolError,
    ServerError,
    SignInElsewhereError,
    ThrottledError,
    TlsError,
    UcwaError,
    UnsupportedError,
)
from ._events import (
    ConnectionEvent,
    ContactAdded,
    ContactEvent,
    ContactRemoved,
    Event,
    GroupAdded,
    GroupRemoved,
    GroupUpdated,
    LaggedEvent,
    LocationEvent,
    NoteEvent,
    PresenceEvent,
    ResourceEvent,
    SubscriptionRefused,
)
from ._subscription import Subscription
from ._ucwa import VERSION as __version__
from ._values import (
    Contact,
    Group,
    Health,
    Location,
    Membership,
    MyPresence,
    Note,
    Phone,
    Photo,
    Presence,
    PrivacyRelationship,
    Response,
    SearchResult,
    SupportedModalities,
    TokenChallenge,
)

__all__ = [
    "Application",
    "ApplicationEndedError",
    "AuthenticationError",
    "Availability",
    "CallTimeoutError",
    "ConfigValue",
    "ConflictError",
    "ConnectionEvent",
    "ConnectionState",
    "Contact",
    "ContactAdded",
    "ContactEvent",
    "ContactLike",
    "ContactRemoved",
    "ContactType",
    "DeviceType",
    "DiscoveryError",
    "Event",
    "EventCallback",
    "ForbiddenError",
    "ForkedError",
    "Group",
    "GroupAdded",
    "GroupLike",
    "GroupRemoved",
    "GroupUpdated",
    "Health",
    "InternalError",
    "InvalidArgumentError",
    "InvalidConfigError",
    "LaggedEvent",
    "Location",
    "LocationEvent",
    "Membership",
    "Modality",
    "MyPresence",
    "NetworkError",
    "NotFoundError",
    "Note",
    "NoteEvent",
    "NoteType",
    "OpenEnum",
    "Phone",
    "PhoneType",
    "Photo",
    "Presence",
    "PresenceEvent",
    "PrivacyRelationship",
    "ProtocolError",
    "RelationshipLevel",
    "ResourceEvent",
    "Response",
    "SearchResult",
    "ServerError",
    "SignInElsewhereError",
    "SourceNetwork",
    "Subscription",
    "SubscriptionRefused",
    "SupportedModalities",
    "ThrottledError",
    "TlsError",
    "TokenCallback",
    "TokenChallenge",
    "UcwaError",
    "UnsupportedError",
    "__version__",
    "config_keys",
    "sign_in",
    "version",
]

# Where they are raised and printed, they go by the name that programs catch them by.
for _kind in [UcwaError, *UcwaError.__subclasses__()]:
    _kind.__module__ = __name__
del _kind

# Where logging is not set up nothing is printed.
_logging.getLogger(__name__).addHandler(_logging.NullHandler())

# The interpreter must not end with threads of the library in it: a callback that runs is waited for, and none begins.
_atexit.register(_ucwa.at_exit)


def version() -> str:
    """Tell the library's version."""
    return __version__
