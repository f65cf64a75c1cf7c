"""Events that are pushed."""

from __future__ import annotations

import gc
import json
import queue
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any, List

import pytest
import ucwa
from conftest import LONG, MANISH, SARA, shows, wait_until
from ucwa.testing import Simulator


def test_pushed(fast: Simulator, listener: ucwa.Application) -> None:
    listener.subscribe([SARA])
    wait_until(lambda: listener.health().waiting_events == 1)
    told: queue.Queue[Any] = queue.Queue()

    def take(event: ucwa.Event) -> None:
        # A callback may use the application.
        told.put((event, listener.contact_presence(MANISH).availability, threading.current_thread()))

    listener.set_event_callback(take)
    first, availability, thread = told.get(timeout=LONG)
    assert shows(SARA, "Offline")(first) and availability == "Busy" and thread is not threading.main_thread()
    fast.set_presence(SARA, "Busy")
    assert shows(SARA, "Busy")(told.get(timeout=LONG)[0])
    for pull in (lambda: listener.next_event(0), lambda: list(listener.events())):
        with pytest.raises(ucwa.ConflictError):
            pull()
    listener.set_event_callback(None)
    fast.set_presence(SARA, "Away")
    assert shows(SARA, "Away")(listener.next_event(LONG)) and told.empty()
    with pytest.raises(TypeError, match="callable or None"):
        listener.set_event_callback("print")  # type: ignore[arg-type]


def test_what_it_raises_is_told_and_goes_no_further(
    fast: Simulator, listener: ucwa.Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    unraisable: List[Any] = []
    seen: List[ucwa.Event] = []
    monkeypatch.setattr("sys.unraisablehook", unraisable.append)

    def fails(event: ucwa.Event) -> None:
        seen.append(event)
        raise RuntimeError("the lamp is broken")

    listener.set_event_callback(fails)
    listener.subscribe([SARA])
    wait_until(lambda: len(unraisable) == 1)
    fast.set_presence(SARA, "Busy")
    wait_until(lambda: len(unraisable) == 2)
    listener.set_event_callback(None)
    assert [str(told.exc_value) for told in unraisable] == ["the lamp is broken"] * 2 and len(seen) == 2
    unraisable.clear()


def test_removing_waits_for_one_that_runs(listener: ucwa.Application) -> None:
    entered, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(event: ucwa.Event) -> None:
        entered.set()
        assert go_on.wait(LONG)
        ended.set()

    listener.set_event_callback(slow)
    listener.subscribe([SARA])
    assert entered.wait(LONG)
    removing = threading.Thread(target=listener.set_event_callback, args=(None,))
    removing.start()
    # Python goes on meanwhile, and so does the application.
    assert listener.contact_presence(SARA).availability == "Offline"
    assert removing.is_alive()
    go_on.set()
    removing.join(LONG)
    assert ended.is_set() and not removing.is_alive()


def test_one_that_removes_itself(listener: ucwa.Application) -> None:
    called = threading.Event()

    def once(event: ucwa.Event) -> None:
        listener.set_event_callback(None)
        called.set()

    listener.set_event_callback(once)
    listener.subscribe([SARA, MANISH])
    assert called.wait(LONG)
    assert isinstance(listener.next_event(LONG), ucwa.PresenceEvent), "the second one waits"


@pytest.mark.parametrize("end", ["close", "sign_out", "cancel"])
def test_one_that_ends_the_application(fast: Simulator, end: str) -> None:
    app = ucwa.sign_in(**fast.keys)
    ended = threading.Event()

    def last(event: ucwa.Event) -> None:
        getattr(app, end)()
        ended.set()

    app.set_event_callback(last)
    app.subscribe([SARA])
    assert ended.wait(LONG)
    with pytest.raises(ucwa.ApplicationEndedError):
        app.me()
    app.close()


def test_what_belongs_to_it_is_released(fast: Simulator) -> None:
    class Lamp:
        def show(self, event: ucwa.Event) -> None:
            pass

    def hung_up(app: ucwa.Application) -> weakref.ref[Lamp]:
        lamp = Lamp()
        app.set_event_callback(lamp.show)
        return weakref.ref(lamp)

    with ucwa.sign_in(**fast.keys) as app:
        first = hung_up(app)
        gc.collect()
        assert first() is not None
        second = hung_up(app)
        gc.collect()
        assert first() is None and second() is not None, "replaced"
        app.set_event_callback(None)
        gc.collect()
        assert second() is None
        third = hung_up(app)
        app.subscribe([SARA])
    gc.collect()
    assert third() is None, "it goes with the application"


def test_who_waits_is_not_passed_by(listener: ucwa.Application) -> None:
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(listener.next_event)
        refused = False
        while not refused:
            try:
                listener.set_event_callback(print)
            except ucwa.ConflictError:
                refused = True
                continue
            # The thread did not wait yet; perhaps it came while the callback was set, and was refused itself.
            listener.set_event_callback(None)
            if waiting.done():
                assert isinstance(waiting.exception(), ucwa.ConflictError)
                waiting = threads.submit(listener.next_event)
        listener.subscribe([SARA])
        assert shows(SARA, "Offline")(waiting.result(LONG))


def test_an_interpreter_ends_with_a_callback_under_way(fast: Simulator) -> None:
    script = """
import atexit, json, logging, sys, threading, ucwa
logging.basicConfig(level=1)
app = ucwa.sign_in(**json.loads(sys.argv[1]))
called, exiting = threading.Event(), threading.Event()
def take(event):
    called.set()
    exiting.wait()
    for _ in range(1_000_000):
        pass
    print("it is waited for", flush=True)
app.set_event_callback(take)
app.subscribe(["sip:SaraD@contoso.com"])
called.wait()
other = ucwa.sign_in(**json.loads(sys.argv[1]))
threading.Thread(target=other.next_event, daemon=True).start()
atexit.register(exiting.set)
"""
    command = [sys.executable, "-c", script, json.dumps(fast.keys, default=str)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONG)
    assert (done.returncode, done.stdout) == (0, "it is waited for\n"), done.stderr
