"""Presence of people on Skype for Business Server: a UCWA 2.0 client.

>>> import ucwa
>>> with ucwa.sign_in("sip:lenea@contoso.com", password="…") as app:  # doctest: +SKIP
...     print(app.contact_presence("sip:SaraD@contoso.com").availability)
Offline

`sign_in` makes an `Application`, whose methods read and change what the server knows. `ucwa.aio` is the same for
asyncio, `ucwa.testing` a server to try programs against.
"""

from ._application import Application, config_keys, sign_in
from ._arguments import ConfigValue, ContactLike, GroupLike, TokenCallback
from ._enums import (
    Availability,
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
from ._ucwa import VERSION as __version__
from ._values import (
    Contact,
    Group,
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
    "Contact",
    "ContactLike",
    "ContactType",
    "DeviceType",
    "DiscoveryError",
    "ForbiddenError",
    "ForkedError",
    "Group",
    "GroupLike",
    "InternalError",
    "InvalidArgumentError",
    "InvalidConfigError",
    "Location",
    "Membership",
    "Modality",
    "MyPresence",
    "NetworkError",
    "NotFoundError",
    "Note",
    "NoteType",
    "OpenEnum",
    "Phone",
    "PhoneType",
    "Photo",
    "Presence",
    "PrivacyRelationship",
    "ProtocolError",
    "RelationshipLevel",
    "Response",
    "SearchResult",
    "ServerError",
    "SignInElsewhereError",
    "SourceNetwork",
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


def version() -> str:
    """Tell the library's version."""
    return __version__
