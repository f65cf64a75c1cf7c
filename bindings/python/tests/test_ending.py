"""Ends with something under way: none may hang, and nothing may stay behind."""

from __future__ import annotations

import _thread
import asyncio
import gc
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Callable, List, Optional

import pytest
import ucwa
import ucwa.aio
from conftest import HOUR_MS, LONG, SARA, wait_until
from test_application import issue_token, without_password
from ucwa.testing import Simulator


class Asked:
    """A token callback that the library's own threads ask, after the first token has expired."""

    def __init__(self, simulator: Simulator, then: Callable[[], object], answers: bool = False) -> None:
        self.simulator = simulator
        self.then = then
        self.answers = answers
        self.first = True
        self.asked = threading.Event()

    def __call__(self, challenge: ucwa.TokenChallenge) -> Optional[str]:
        if not self.first:
            self.asked.set()
            self.then()
            if not self.answers:
                return None
        self.first = False
        return issue_token(self.simulator)

    def sign_in(self) -> ucwa.Application:
        app = ucwa.sign_in(token_callback=self, **without_password(self.simulator))
        app.subscribe([SARA])
        app.next_event(LONG)
        return app

    def be_asked(self) -> None:
        self.simulator.expire_tokens()
        self.simulator.cut_events()
        assert self.asked.wait(LONG)


@pytest.mark.skipif(os.name != "posix", reason="signals cannot be sent here")
def test_a_signal_handler_may_close_and_exit(fast: Simulator) -> None:
    goes_on = threading.Event()
    asked = Asked(fast, lambda: goes_on.wait(LONG))
    app = asked.sign_in()

    def stop(*_: object) -> None:
        # The waiting main thread holds the last of it now; it ends while a thread of the library wants Python.
        app.close()
        goes_on.set()
        raise SystemExit(7)

    def send() -> None:
        asked.be_asked()
        os.kill(os.getpid(), signal.SIGTERM)

    former = signal.signal(signal.SIGTERM, stop)
    try:
        thread = threading.Thread(target=send)
        thread.start()
        with pytest.raises(SystemExit):
            list(app.events())
        thread.join()
    finally:
        signal.signal(signal.SIGTERM, former)


def test_a_token_callback_may_close_the_application(fast: Simulator) -> None:
    outcome: List[str] = []

    def close() -> None:
        app.close()
        outcome.append("closed")

    asked = Asked(fast, close)
    app = asked.sign_in()
    asked.be_asked()
    wait_until(lambda: outcome == ["closed"])
    with pytest.raises(ucwa.ApplicationEndedError):
        app.me()


def test_what_token_callbacks_raised_is_released_by_nobody_who_is_waited_for(
    fast: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: List[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: told.append(type(unraisable.exc_value)))

    class Slow:
        def __del__(self) -> None:
            time.sleep(0.01)

    def fail() -> None:
        error = OSError("the vault is closed")
        error.slow = Slow()  # type: ignore[attr-defined]
        raise error

    asked = Asked(fast, fail, answers=True)
    with asked.sign_in() as app:
        asked.be_asked()
        for _ in range(1000):
            app.health()
        wait_until(lambda: OSError in told)
        with pytest.raises(ucwa.AuthenticationError) as failure:
            app.me()
        assert isinstance(failure.value.__cause__, OSError)
        asked.then = lambda: None


def test_each_call_fails_for_its_own_cause(simulator: Simulator) -> None:
    vault_open = True

    def token(challenge: ucwa.TokenChallenge) -> str:
        if not vault_open:
            raise OSError("the vault is closed")
        return issue_token(simulator)

    with ucwa.sign_in(token_callback=token, **without_password(simulator)) as app:
        app.me()
        vault_open = False
        simulator.expire_tokens()

        def fails(_: int) -> Optional[BaseException]:
            app.health()
            with pytest.raises(ucwa.AuthenticationError) as failure:
                app.me()
            app.health()
            return failure.value.__cause__

        with ThreadPoolExecutor(4) as threads:
            assert {type(cause) for cause in threads.map(fails, range(40))} == {OSError}
        vault_open = True


def closes(app: ucwa.Application, interrupting: threading.Thread) -> None:
    interrupting.start()
    app.close()


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C cannot be sent here")
def test_ctrl_c_ends_the_closing(fast: Simulator) -> None:
    inside, goes_on = threading.Event(), threading.Event()

    def show(event: ucwa.Event) -> None:
        inside.set()
        goes_on.wait(LONG)

    app = ucwa.sign_in(**fast.keys)
    app.set_event_callback(show)
    app.subscribe([SARA])
    assert inside.wait(LONG)
    thread = threading.Thread(target=_thread.interrupt_main)
    try:
        with pytest.raises(KeyboardInterrupt):
            closes(app, thread)
    finally:
        goes_on.set()
        thread.join()


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C cannot be sent here")
def test_ctrl_c_that_ends_the_program_leaves_no_application(simulator: Simulator) -> None:
    program = "import json, sys, ucwa; ucwa.sign_in(**json.loads(sys.argv[1]))"
    keys = json.dumps(simulator.keys, default=str)
    simulator.fault("delay", route="applications", ms=2000)
    child = subprocess.Popen([sys.executable, "-c", program, keys], stderr=subprocess.PIPE, encoding="utf-8")
    wait_until(lambda: simulator.count("applications") == 1)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=LONG)
    assert "KeyboardInterrupt" in errors
    assert simulator.overview()["applications"] == [] and simulator.count("application") == 1, errors


def test_ctrl_c_while_a_record_is_written(app: ucwa.Application) -> None:
    class Pressing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "/presence" in record.getMessage():
                signal.raise_signal(signal.SIGINT)

    app.contact_presence(SARA)
    logger, handler = logging.getLogger("ucwa"), Pressing()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        with pytest.raises(KeyboardInterrupt):
            app.contact_presence(SARA)
    finally:
        logger.setLevel(logging.NOTSET)
        logger.removeHandler(handler)
    assert app.contact_presence(SARA).name == "Sara Davis"


def test_an_application_may_be_collected_anywhere(fast: Simulator) -> None:
    class Collecting(logging.Handler):
        """Has its lock meanwhile, which the library's threads want as well."""

        def emit(self, record: logging.LogRecord) -> None:
            if record.name == "mine":
                wait_until(lambda: bool(waits))
                gc.collect()

    class Box:
        pass

    waits: List[bool] = []
    # What it logs waits for the handler.
    asked = Asked(fast, lambda: waits.append(True))
    box: Any = Box()
    box.itself, box.app = box, asked.sign_in()
    logger, handler = logging.getLogger(), Collecting()
    logger.addHandler(handler)
    logging.getLogger("ucwa").setLevel(1)
    thread = threading.Thread(target=asked.be_asked)
    gc.disable()
    try:
        del box
        thread.start()
        logging.getLogger("mine").warning("now")
    finally:
        gc.enable()
        logging.getLogger("ucwa").setLevel(logging.NOTSET)
        logger.removeHandler(handler)
        thread.join()


def test_who_does_not_wait_for_a_subscription_has_none(fast: Simulator, listener: ucwa.Application) -> None:
    def interrupt() -> None:
        wait_until(lambda: fast.count("presenceSubscriptions") == 1)
        _thread.interrupt_main()

    fast.fault("delay", route="presenceSubscriptions", ms=1000)
    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        listener.subscribe([SARA])
    thread.join()
    wait_until(lambda: fast.count("presenceSubscription") >= 1 and listener.health().subscriptions == 0)


def test_a_cancelled_task_has_no_subscription(fast: Simulator) -> None:
    async def main() -> None:
        async with await ucwa.aio.sign_in(**fast.keys) as app:
            fast.fault("delay", route="presenceSubscriptions", ms=1000)
            subscribing = asyncio.ensure_future(app.subscribe([SARA]))
            while fast.count("presenceSubscriptions") == 0:
                await asyncio.sleep(0.001)
            subscribing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await subscribing
            while fast.count("presenceSubscription") == 0 or (await app.health()).subscriptions != 0:
                await asyncio.sleep(0.001)

    asyncio.run(asyncio.wait_for(main(), LONG))


def test_what_was_given_up_keeps_no_place(simulator: Simulator) -> None:
    async def main() -> None:
        async with await ucwa.aio.sign_in(**{**simulator.keys, "timeout_ms": HOUR_MS}) as app:
            await app.contact_presence(SARA)
            simulator.fault("hang", route="contactPresence", times=None)
            hanging = [asyncio.ensure_future(app.contact_presence(SARA)) for _ in range(40)]
            while simulator.count("contactPresence") < 33:
                await asyncio.sleep(0.001)
                for task in hanging[: simulator.count("contactPresence") - 1]:
                    task.cancel()
            for task in hanging:
                task.cancel()
            assert (await app.me()).name == "Lene Aaling"

    asyncio.run(asyncio.wait_for(main(), LONG))


def test_who_gives_up_signing_in_may_end(simulator: Simulator) -> None:
    program = """
import asyncio, json, sys, ucwa.aio
async def main():
    try:
        await asyncio.wait_for(ucwa.aio.sign_in(**json.loads(sys.argv[1])), 0.5)
    except asyncio.TimeoutError:
        print("given up")
asyncio.run(main())
"""
    simulator.fault("hang", route="applications", times=None)
    keys = json.dumps({**simulator.keys, "timeout_ms": HOUR_MS}, default=str)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, keys], capture_output=True, encoding="utf-8", timeout=LONG
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "given up\n", "")


def test_an_event_that_cannot_be_made_is_not_lost(
    fast: Simulator, listener: ucwa.Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(text: str) -> ucwa.Event:
        raise KeyboardInterrupt

    listener.subscribe([SARA])
    wait_until(lambda: listener.health().waiting_events == 1)
    with monkeypatch.context() as patched:
        patched.setattr("ucwa._application.event_of", interrupted)
        with pytest.raises(KeyboardInterrupt):
            listener.next_event(timedelta(seconds=1))
    assert isinstance(listener.next_event(0), ucwa.PresenceEvent)


def test_callbacks_are_plain_functions(app: ucwa.Application, simulator: Simulator) -> None:
    async def show(event: ucwa.Event) -> None: ...

    async def token(challenge: ucwa.TokenChallenge) -> str:
        return ""

    with pytest.raises(TypeError, match="plain function"):
        app.set_event_callback(show)
    for wrong in [token, 3]:
        with pytest.raises(TypeError, match="token callback"):
            ucwa.sign_in(**simulator.keys, token_callback=wrong)  # type: ignore[arg-type]


def test_signing_out_waits_for_no_thread_of_others(simulator: Simulator) -> None:
    async def main() -> None:
        loop, ends = asyncio.get_running_loop(), threading.Event()
        loop.set_default_executor(ThreadPoolExecutor(1))
        others = [loop.run_in_executor(None, ends.wait) for _ in range(2)]
        async with await ucwa.aio.sign_in(**simulator.keys) as app:
            assert (await app.me()).name == "Lene Aaling"
        assert simulator.overview()["applications"] == []
        ends.set()
        await asyncio.gather(*others)

    asyncio.run(asyncio.wait_for(main(), LONG))
