"""Waiting: other threads run, and somebody can end it."""

from __future__ import annotations

import _thread
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import List

import pytest
import ucwa
from conftest import SARA, wait_until
from ucwa.testing import Simulator


def test_threads_wait_at_the_same_time(simulator: Simulator, app: ucwa.Application) -> None:
    app.contact_presence(SARA)
    simulator.forget_requests()
    simulator.fault("hang", route="contactPresence", times=None)
    with ThreadPoolExecutor(8) as threads:
        calls: List[Future[ucwa.Presence]] = [threads.submit(app.contact_presence, SARA) for _ in range(8)]
        wait_until(lambda: simulator.count("contactPresence") == 8)
        begin = time.monotonic()
        app.cancel()
        errors = [call.exception() for call in calls]
    assert all(isinstance(error, ucwa.ApplicationEndedError) for error in errors)
    assert time.monotonic() - begin < 5


def test_eight_threads_wait_side_by_side() -> None:
    latency, rounds = 0.25, 3
    with Simulator(latency=latency) as simulator, ucwa.sign_in(**simulator.keys) as app:
        app.contact_presence(SARA)

        def reads() -> None:
            for _ in range(rounds):
                assert app.contact_presence(SARA).availability == "Offline"

        begin = time.monotonic()
        with ThreadPoolExecutor(8) as threads:
            for call in [threads.submit(reads) for _ in range(8)]:
                call.result()
        one_after_the_other = 8 * rounds * latency
        assert time.monotonic() - begin < one_after_the_other / 2


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
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        app.contact_presence(SARA)
    assert time.monotonic() - begin < 20, "long before the call's own end"
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
        timeout=120,
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
    _, errors = child.communicate(timeout=60)
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
