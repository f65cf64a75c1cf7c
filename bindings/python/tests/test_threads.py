"""Waiting: other threads run, and somebody can end it."""

from __future__ import annotations

import _thread
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import List

import pytest
import ucwa
from conftest import HOUR_MS, LONG, SARA, wait_until
from ucwa.testing import Simulator


def test_threads_wait_at_the_same_time(simulator: Simulator, app: ucwa.Application) -> None:
    app.contact_presence(SARA)
    app.set("timeout_ms", HOUR_MS)
    simulator.forget_requests()
    simulator.fault("hang", route="contactPresence", times=None)
    with ThreadPoolExecutor(8) as threads:
        calls: List[Future[ucwa.Presence]] = [threads.submit(app.contact_presence, SARA) for _ in range(8)]
        wait_until(lambda: simulator.count("contactPresence") == 8)
        app.cancel()
        errors = [call.exception(LONG) for call in calls]
    assert all(isinstance(error, ucwa.ApplicationEndedError) for error in errors)


def test_a_thread_is_answered_while_seven_wait(simulator: Simulator, app: ucwa.Application) -> None:
    app.contact_presence(SARA)
    app.set("timeout_ms", HOUR_MS)
    simulator.forget_requests()
    simulator.fault("hang", route="contactPresence", times=7)
    with ThreadPoolExecutor(8) as threads:
        calls: List[Future[ucwa.Presence]] = [threads.submit(app.contact_presence, SARA) for _ in range(7)]
        wait_until(lambda: simulator.count("contactPresence") == 7)
        for _ in range(3):
            assert threads.submit(app.contact_presence, SARA).result(LONG).availability == "Offline"
        assert not any(call.done() for call in calls)
        app.cancel()


def interrupting(simulator: Simulator, route: str) -> threading.Thread:
    """Presses Ctrl-C once the server has that request."""

    def interrupt() -> None:
        wait_until(lambda: simulator.count(route) == 1)
        _thread.interrupt_main()

    thread = threading.Thread(target=interrupt)
    thread.start()
    return thread


def test_ctrl_c_ends_the_waiting(simulator: Simulator, app: ucwa.Application) -> None:
    app.contact_presence(SARA)
    simulator.forget_requests()
    simulator.fault("hang", route="contactPresence")
    thread = interrupting(simulator, "contactPresence")
    app.set("timeout_ms", HOUR_MS)
    with pytest.raises(KeyboardInterrupt):
        app.contact_presence(SARA)
    thread.join()
    assert app.contact_presence(SARA).availability == "Offline", "the application goes on"


def test_ctrl_c_while_signing_in_leaves_no_application(simulator: Simulator) -> None:
    simulator.fault("delay", route="applications", ms=2000)
    thread = interrupting(simulator, "applications")
    with pytest.raises(KeyboardInterrupt):
        ucwa.sign_in(**simulator.keys)
    thread.join()
    wait_until(lambda: simulator.count("application") == 1)
    wait_until(lambda: simulator.overview()["applications"] == [])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_is_told_so(simulator: Simulator) -> None:
    script = """
import json, os, sys, ucwa
app = ucwa.sign_in(**json.loads(sys.argv[1]))
app.contact_presence("sip:SaraD@contoso.com")
child = os.fork()
if child == 0:
    try:
        app.contact_presence("sip:SaraD@contoso.com")
    except ucwa.ForkedError as error:
        app.close()
        del app
        own = ucwa.sign_in(**json.loads(sys.argv[1]))
        with own:
            assert own.contact_presence("sip:SaraD@contoso.com").name == "Sara Davis"
        os._exit(0 if error.status == "UCWA_FORKED" else 3)
    os._exit(4)
_, status = os.waitpid(child, 0)
assert app.contact_presence("sip:SaraD@contoso.com").name == "Sara Davis"
app.sign_out()
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 5)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(simulator.keys, default=str)],
        capture_output=True,
        text=True,
        timeout=LONG,
    )
    assert done.returncode == 0, done.stderr


def test_an_interpreter_ends_with_calls_under_way(simulator: Simulator) -> None:
    simulator.fault("hang", route="contactPresence", times=None)
    script = """
import json, logging, sys, threading, ucwa
logging.basicConfig(level=1)
app = ucwa.sign_in(**json.loads(sys.argv[1]))
threading.Thread(target=app.contact_presence, args=("sip:SaraD@contoso.com",), daemon=True).start()
print("waiting", flush=True)
sys.stdin.read()
"""
    child = subprocess.Popen(
        [sys.executable, "-c", script, json.dumps(simulator.keys, default=str)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_until(lambda: simulator.count("contactPresence") == 1 or child.poll() is not None)
    _, errors = child.communicate(timeout=LONG)
    assert child.returncode == 0, errors.decode()


def test_every_call_after_ctrl_c_has_a_thread(simulator: Simulator, app: ucwa.Application) -> None:
    app.contact_presence(SARA)
    for _ in range(3):
        simulator.forget_requests()
        simulator.fault("hang", route="contactPresence")
        thread = interrupting(simulator, "contactPresence")
        with pytest.raises(KeyboardInterrupt):
            app.contact_presence(SARA)
        thread.join()
        assert app.contact_presence(SARA).name == "Sara Davis"
        assert app.me().name == "Lene Aaling"
