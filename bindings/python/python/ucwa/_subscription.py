"""A subscription: whose presence is told."""

from __future__ import annotations

import json
import logging
import threading
from types import TracebackType
from typing import Any, Iterable, Mapping, Optional, Tuple, Type

from . import _arguments as arguments
from . import _ucwa
from ._arguments import ContactLike
from ._errors import ApplicationEndedError, ForkedError, NotFoundError, UcwaError


class Subscription:
    """What `Application.subscribe` made. Its events come with those of all others, by `Application.events`.

    It lasts until `close` or the end of the ``with`` block, whatever becomes of connections, tokens and the server.
    """

    def __init__(self, client: _ucwa.Client, told: Mapping[str, Any]) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._id: str = told["id"]
        self._contacts: Tuple[str, ...] = tuple(told["contacts"])

    @property
    def id(self) -> str:
        """What events call it, among their ``subscriptions``."""
        return self._id

    @property
    def contacts(self) -> Tuple[str, ...]:
        """The contacts that it is about, as of its last change; a group's members when it was subscribed to."""
        return self._contacts

    def add(self, contacts: Iterable[ContactLike]) -> None:
        """Add contacts, whose present state is told then."""
        self._change(contacts, ())

    def remove(self, contacts: Iterable[ContactLike]) -> None:
        """Remove contacts, of whom nothing is told any more."""
        self._change((), contacts)

    def close(self) -> None:
        """Unsubscribe. Events that wait already still come; where it has ended already, nothing happens."""
        try:
            self._client.unsubscribe_presence(self._id)
        except (NotFoundError, ApplicationEndedError):
            pass

    def _change(self, add: Iterable[ContactLike], remove: Iterable[ContactLike]) -> None:
        change = arguments.change_json(add, remove)
        # What is kept is the outcome of the last of several changes.
        with self._lock:
            self._contacts = tuple(json.loads(self._client.change_subscription(self._id, change))["contacts"])

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        exception: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        try:
            self.close()
        except UcwaError as error:
            judge_unsubscribing(error, kind)

    def __repr__(self) -> str:
        return f"Subscription(id={self._id!r}, contacts={self._contacts!r})"


def judge_unsubscribing(error: UcwaError, in_block: Optional[Type[BaseException]]) -> None:
    """What becomes of a failure to unsubscribe at the end of a ``with`` block that failed itself, or did not."""
    if isinstance(error, (ApplicationEndedError, ForkedError)):
        # The subscription went with the application, or is the parent's.
        return
    if in_block is None:
        raise error
    # What went wrong in the block is what its caller has to see.
    logging.getLogger("ucwa").warning("unsubscribing failed: %s", error)
