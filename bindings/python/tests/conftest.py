"""What the tests share: a server and a signed-in application of each test's own."""

from __future__ import annotations

import signal
import time
from typing import Callable, Iterator, List

import pytest
import ucwa
from ucwa.testing import Simulator

SARA = "sip:SaraD@contoso.com"
MANISH = "sip:ManishC@contoso.com"
NOBODY = "sip:nobody@contoso.com"

# Longer than anything takes, on any machine.
LONG = 300.0
# The time of a call that is not to end by itself.
HOUR_MS = 3_600_000


# Where the tests run in the background of a script, Ctrl-C is ignored, and with it what they test.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def app(simulator: Simulator) -> Iterator[ucwa.Application]:
    with ucwa.sign_in(**simulator.keys) as app:
        yield app


@pytest.fixture
def fast() -> Iterator[Simulator]:
    """A server that gathers events for a twentieth of a second instead of five."""
    with Simulator(clock_speed=100) as simulator:
        yield simulator


@pytest.fixture
def listener(fast: Simulator) -> Iterator[ucwa.Application]:
    """Who is signed in there."""
    with ucwa.sign_in(**fast.keys) as app:
        yield app


def until(app: ucwa.Application, fits: Callable[[ucwa.Event], bool]) -> List[ucwa.Event]:
    """The events up to the one that fits."""
    told: List[ucwa.Event] = []
    for event in app.events(timeout=LONG):
        told.append(event)
        if fits(event):
            return told
    raise AssertionError(told)


def shows(contact: str, availability: str) -> Callable[[ucwa.Event], bool]:
    """Whether an event tells that somebody is so."""

    def fits(event: ucwa.Event) -> bool:
        return (
            isinstance(event, ucwa.PresenceEvent)
            and event.uri == contact
            and event.presence.availability == availability
        )

    return fits


def wait_until(holds: Callable[[], bool]) -> None:
    """Look until something holds. Longer than any machine takes."""
    end = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)
