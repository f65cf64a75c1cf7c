"""A subscription for asyncio: whose presence is told."""

from __future__ import annotations

from types import TracebackType
from typing import Awaitable, Callable, Iterable, Optional, Tuple, Type

from . import _subscription as blocking
from ._arguments import ContactLike
from ._errors import UcwaError

#: Makes a call that blocks, on a thread of the application's.
Run = Callable[[Callable[[], None]], Awaitable[None]]


class Subscription:
    """What `Application.subscribe` made: the same as `ucwa.Subscription`, to be awaited.

    Leaving an ``async with`` block unsubscribes.
    """

    def __init__(self, run: Run, subscription: blocking.Subscription) -> None:
        self._run = run
        self._blocking = subscription

    @property
    def id(self) -> str:
        """What events call it, among their ``subscriptions``."""
        return self._blocking.id

    @property
    def contacts(self) -> Tuple[str, ...]:
        """The contacts that it is about, as `ucwa.Subscription.contacts` tells them."""
        return self._blocking.contacts

    async def add(self, contacts: Iterable[ContactLike]) -> None:
        """Do as `ucwa.Subscription.add` does."""
        await self._run(lambda: self._blocking.add(contacts))

    async def remove(self, contacts: Iterable[ContactLike]) -> None:
        """Do as `ucwa.Subscription.remove` does."""
        await self._run(lambda: self._blocking.remove(contacts))

    async def close(self) -> None:
        """Do as `ucwa.Subscription.close` does."""
        await self._run(lambda: self._blocking.close())

    async def __aenter__(self) -> Subscription:
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        exception: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        try:
            await self.close()
        except UcwaError as error:
            blocking.judge_unsubscribing(error, kind)

    def __repr__(self) -> str:
        return repr(self._blocking)
