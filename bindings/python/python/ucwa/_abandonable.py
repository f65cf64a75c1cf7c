"""Calls on threads, for somebody who may go away meanwhile."""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import threading
import time
from concurrent.futures import Future
from typing import Callable, Generic, List, Set, TypeVar

import ucwa

from ._errors import UcwaError

T = TypeVar("T")

#: How long a program that ends waits for what was abandoned, in seconds. Servers answer sooner.
_FAREWELL = 5.0

#: What was abandoned and is still under way.
_abandoned: Set[threading.Event] = set()


@atexit.register
def _finish() -> None:
    end = time.monotonic() + _FAREWELL
    for done in list(_abandoned):
        done.wait(max(0.0, end - time.monotonic()))


async def on_own_thread(call: Callable[[], T]) -> T:
    """Make a call on a thread of its own, which need not be waited for as those of an executor."""
    made: Future[T] = Future()
    # It cannot be cancelled any more; who waits for it can.
    made.set_running_or_notify_cancel()
    context = contextvars.copy_context()

    def make() -> None:
        try:
            made.set_result(context.run(call))
        except BaseException as error:
            made.set_exception(error)

    # A program may end meanwhile.
    threading.Thread(target=make, name="ucwa-aio", daemon=True).start()
    return await asyncio.wrap_future(made)


class Abandonable(Generic[T]):
    """A call whose result must not stay where nobody waits for it any more."""

    def __init__(self, call: Callable[[], T], undo: Callable[[T], None]) -> None:
        self._call = call
        self._undo = undo
        self._lock = threading.Lock()
        self._abandoned = False
        self._made: List[T] = []
        self._done = threading.Event()

    def run(self) -> T:
        try:
            made = self._call()
            with self._lock:
                self._made.append(made)
                abandoned = self._abandoned
            if abandoned:
                self._undo(made)
            return made
        finally:
            self._done.set()
            _abandoned.discard(self._done)

    def abandon(self) -> None:
        with self._lock:
            self._abandoned = True
            made = list(self._made)
            if not made:
                _abandoned.add(self._done)
        for one in made:
            threading.Thread(target=self._undo, args=(one,), name="ucwa-aio").start()


def end(application: ucwa.Application) -> None:
    try:
        application.sign_out()
    except UcwaError:
        # It expires on the server by itself.
        pass
    finally:
        application.close()


def end_subscription(subscription: ucwa.Subscription) -> None:
    try:
        subscription.close()
    except UcwaError:
        # It goes with its application.
        pass
