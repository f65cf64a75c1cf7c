"""What the tests share: a server and a signed-in application of each test's own."""

from __future__ import annotations

import time
from typing import Callable, Iterator

import pytest
import ucwa
from ucwa.testing import Simulator

SARA = "sip:SaraD@contoso.com"
MANISH = "sip:ManishC@contoso.com"
NOBODY = "sip:nobody@contoso.com"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def app(simulator: Simulator) -> Iterator[ucwa.Application]:
    with ucwa.sign_in(**simulator.keys) as app:
        yield app


def wait_until(holds: Callable[[], bool]) -> None:
    """Look until something holds. Longer than any machine takes."""
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)
