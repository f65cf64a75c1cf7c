"""What callers may give, and how the library wants it."""

from __future__ import annotations

import inspect
import json
import os
from datetime import timedelta
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple, Union

from ._errors import InvalidConfigError
from ._events import Event
from ._events import from_json as event_of
from ._values import Contact, Group, Presence, TokenChallenge

#: A contact: a SIP URI, with or without ``sip:``, or what the library told of one.
ContactLike = Union[str, Contact, Presence]

#: A group: an id, else a relation (``pinnedGroup``), else a name; or what the library told of one.
GroupLike = Union[str, Group]

#: The value of a configuration key.
ConfigValue = Union[str, int, bool, "os.PathLike[str]"]

#: Is asked for a bearer token, and returns it or None.
TokenCallback = Callable[[TokenChallenge], Optional[str]]

#: Takes events; what it returns does not matter.
EventCallback = Callable[[Event], object]


def config_text(key: str, value: object) -> str:
    """The text of a configuration value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        text = str(value)
        if not _is_utf8(text):
            # What Python itself would raise shows all of the text, which may be a password.
            raise InvalidConfigError(f"{key} holds a lone surrogate, which is no text")
        return text
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    raise TypeError(f"{key} is a str, an int, a bool or a path, not {type(value).__name__}")


def settings(keys: Mapping[str, object]) -> List[Tuple[str, str]]:
    """Those of the configuration keys that were given."""
    return [(key, config_text(key, value)) for key, value in keys.items() if value is not None]


def asking(callback: TokenCallback) -> Callable[[str], Optional[str]]:
    """A token callback as the native part calls it."""
    if not callable(callback):
        raise TypeError(f"a token callback is a callable or None, not {type(callback).__name__}")
    _check_plain("a token callback", callback)

    def ask(challenge: str) -> Optional[str]:
        token = callback(TokenChallenge._of(json.loads(challenge)))
        if token is not None and not isinstance(token, str):
            raise TypeError(f"a token callback returns a str or None, not {type(token).__name__}")
        if token is not None and not _is_utf8(token):
            raise ValueError("the token holds a lone surrogate, which is no text")
        return token

    return ask


def _check_plain(name: str, callback: Callable[..., object]) -> None:
    """Nobody awaits on the threads that call it."""
    if inspect.iscoroutinefunction(callback):
        raise TypeError(f"{name} is a plain function; loop.call_soon_threadsafe leads into an event loop")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def taking(callback: EventCallback) -> Callable[[str], None]:
    """An event callback as the native part calls it."""
    if not callable(callback):
        raise TypeError(f"an event callback is a callable or None, not {type(callback).__name__}")
    _check_plain("an event callback", callback)

    def take(event: str) -> None:
        callback(event_of(event))

    return take


def contact_text(contact: ContactLike) -> str:
    """A contact as the library wants it."""
    if isinstance(contact, (Contact, Presence)):
        return contact.uri
    if not isinstance(contact, str):
        raise TypeError(f"a contact is a str, a Contact or a Presence, not {type(contact).__name__}")
    return contact


def group_text(group: GroupLike) -> str:
    """A group as the library wants it."""
    if isinstance(group, Group):
        # Names need not be unique; a group without an id is one that a program made up.
        return group.id or group.rel or group.name or ""
    if not isinstance(group, str):
        raise TypeError(f"a group is a str or a Group, not {type(group).__name__}")
    return group


def optional_group_text(group: Optional[GroupLike]) -> Optional[str]:
    """A group, or None."""
    return None if group is None else group_text(group)


def texts(name: str, values: Iterable[Any]) -> List[Any]:
    """A list of several; a single text is one of its own characters, which nobody means."""
    if isinstance(values, str):
        raise TypeError(f"{name} takes several; put the one into a list")
    if not isinstance(values, Iterable):
        raise TypeError(f"{name} takes several, in a list or another iterable, not {type(values).__name__}")
    return list(values)


def contacts_json(contacts: Iterable[ContactLike], include: Iterable[str]) -> str:
    """Contacts, and what else is wanted of them."""
    texts_of = [contact_text(contact) for contact in texts("contacts", contacts)]
    return json.dumps({"contacts": texts_of, "include": texts("include", include)})


def change_json(add: Iterable[ContactLike], remove: Iterable[ContactLike]) -> str:
    """The change of a subscription."""
    change = {"add": texts("add", add), "remove": texts("remove", remove)}
    return json.dumps({name: [contact_text(contact) for contact in contacts] for name, contacts in change.items()})


def availability_json(keep_active: bool, options: Mapping[str, object], named: Mapping[str, object]) -> str:
    """The options of makeMeAvailable, by its own names; those named are not given where they are None."""
    members: Dict[str, object] = {"keepActive": keep_active, **options}
    members.update({name: value for name, value in named.items() if value is not None})
    return json.dumps({name: _option(value) for name, value in members.items()})


def _option(value: object) -> object:
    if isinstance(value, timedelta):
        if value < timedelta(0):
            raise ValueError(f"{value!r} is no duration; it is negative")
        return f"PT{value / timedelta(seconds=1):.6f}".rstrip("0").rstrip(".") + "S"
    if isinstance(value, (tuple, set, frozenset)):
        return list(value)
    return value
