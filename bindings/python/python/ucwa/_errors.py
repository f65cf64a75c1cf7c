"""Failures: one class per status of the library."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Dict, Mapping, Optional, Tuple, Type


class UcwaError(Exception):
    """A call failed. The subclass says how; ``str()`` is for people: the request, what the server said, what to do.

    It never holds a password or a token, can be pickled, and is equal to another one of the same kind and details.
    """

    _STATUS: ClassVar[str] = "UCWA_INTERNAL"

    #: Everything known of the failure, in the words of the C library's error JSON.
    details: Dict[str, Any]

    def __init__(self, message: str = "", details: Optional[Mapping[str, Any]] = None) -> None:
        super().__init__(message)
        self.details = dict(details) if details is not None else {"status": self._STATUS, "message": message}

    def _text(self, name: str) -> Optional[str]:
        value = self.details.get(name)
        return value if isinstance(value, str) else None

    @property
    def status(self) -> str:
        """The name of the status, such as ``UCWA_NOT_FOUND``."""
        return self._text("status") or self._STATUS

    @property
    def http_status(self) -> Optional[int]:
        """The HTTP status of the server's answer."""
        value = self.details.get("httpStatus")
        return value if isinstance(value, int) else None

    @property
    def code(self) -> Optional[str]:
        """The server's code, such as ``NotFound``."""
        return self._text("code")

    @property
    def subcode(self) -> Optional[str]:
        """The server's subcode, such as ``ResourceNotFound``."""
        return self._text("subcode")

    @property
    def request(self) -> Optional[str]:
        """Method and address of the request that failed."""
        return self._text("request")

    @property
    def retry_after(self) -> Optional[float]:
        """How many seconds the server asks to wait."""
        value = self.details.get("retryAfterMs")
        return value / 1000 if isinstance(value, (int, float)) else None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, UcwaError):
            return NotImplemented
        return type(self) is type(other) and self.args == other.args and self.details == other.details

    def __hash__(self) -> int:
        return hash((type(self), self.args))

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), (str(self), self.details)


class InvalidArgumentError(UcwaError, ValueError):
    """An argument is missing, malformed or out of range, or the server called the request bad."""

    _STATUS = "UCWA_INVALID_ARGUMENT"


class InvalidConfigError(UcwaError, ValueError):
    """A configuration key is unknown or its value cannot be used."""

    _STATUS = "UCWA_INVALID_CONFIG"


class DiscoveryError(UcwaError):
    """No UCWA server was found for the sign-in address."""

    _STATUS = "UCWA_DISCOVERY_FAILED"


class AuthenticationError(UcwaError):
    """The server refused the credentials or the token."""

    _STATUS = "UCWA_AUTHENTICATION_FAILED"


class SignInElsewhereError(UcwaError):
    """The server wants the user to sign in on a web page."""

    _STATUS = "UCWA_SIGN_IN_ELSEWHERE"

    @property
    def sign_in_url(self) -> Optional[str]:
        """Where the user can sign in."""
        return self._text("signInUrl")


class ForbiddenError(UcwaError):
    """The server does not allow it to this user."""

    _STATUS = "UCWA_FORBIDDEN"


class NotFoundError(UcwaError):
    """There is no such contact, group, link or resource."""

    _STATUS = "UCWA_NOT_FOUND"


class ConflictError(UcwaError):
    """The request contradicts the present state, or a name fits several things."""

    _STATUS = "UCWA_CONFLICT"

    @property
    def ids(self) -> Tuple[str, ...]:
        """The ids of the groups that a name fits; empty where that was not the matter."""
        value = self.details.get("ids")
        return tuple(value) if isinstance(value, list) else ()


class ThrottledError(UcwaError):
    """The server asks for fewer requests; ``retry_after`` says for how long."""

    _STATUS = "UCWA_THROTTLED"


class ServerError(UcwaError):
    """The server failed."""

    _STATUS = "UCWA_SERVER_ERROR"


class NetworkError(UcwaError):
    """The server could not be reached, or the connection was lost."""

    _STATUS = "UCWA_NETWORK"


class TlsError(UcwaError):
    """No trusted TLS connection could be made."""

    _STATUS = "UCWA_TLS"


class CallTimeoutError(UcwaError, TimeoutError):
    """The time of the call ran out."""

    _STATUS = "UCWA_TIMEOUT"


class ProtocolError(UcwaError):
    """The answer is not UCWA's; most often a proxy answered."""

    _STATUS = "UCWA_PROTOCOL"


class ApplicationEndedError(UcwaError):
    """The application was cancelled, signed out or closed."""

    _STATUS = "UCWA_CANCELLED"


class ForkedError(UcwaError):
    """The application was made by the process that this one was forked from."""

    _STATUS = "UCWA_FORKED"


class UnsupportedError(UcwaError):
    """Not in this build."""

    _STATUS = "UCWA_UNSUPPORTED"


class InternalError(UcwaError):
    """A defect of the library."""

    _STATUS = "UCWA_INTERNAL"


_CLASSES: Dict[str, Type[UcwaError]] = {kind._STATUS: kind for kind in UcwaError.__subclasses__()}


def from_details(details: Mapping[str, Any]) -> UcwaError:
    """The exception for an error's JSON object; of a status yet unknown it is a plain `UcwaError`."""
    kind = _CLASSES.get(str(details.get("status")), UcwaError)
    return kind(str(details.get("message", "")), details)


def from_json(text: str) -> UcwaError:
    """The exception for an error's JSON text. The native part makes what it raises so."""
    return from_details(json.loads(text))
