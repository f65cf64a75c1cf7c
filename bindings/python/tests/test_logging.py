from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from typing import Any, List

import pytest
import ucwa
from conftest import LONG, SARA, wait_until
from test_application import issue_token, without_password
from ucwa.testing import Simulator


def test_records_go_to_the_logger(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "ucwa"), ucwa.sign_in(**simulator.keys) as app:
        app.contact_presence(SARA)
    records = [record for record in caplog.records if record.name == "ucwa"]
    presence = next(record for record in records if "sarad@contoso.com/presence" in record.getMessage())
    assert presence.levelno == logging.DEBUG and "200" in presence.getMessage()
    assert presence.threadName == threading.current_thread().name, "the caller's, whoever did the work"
    assert presence.target.startswith("ucwa.")  # type: ignore[attr-defined]
    assert any(record.levelno == logging.INFO and "signed in" in record.getMessage() for record in records)


def test_other_threads_log_as_themselves(app: ucwa.Application, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "ucwa"):
        thread = threading.Thread(target=app.contact_presence, args=(SARA,), name="reader")
        thread.start()
        thread.join()
    assert {record.threadName for record in caplog.records} == {"reader"}


def test_levels_are_followed_at_once(app: ucwa.Application, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "ucwa"):
        app.contact_presence(SARA)
        assert caplog.records == []
    with caplog.at_level(logging.DEBUG, "ucwa"):
        app.contact_presence(SARA)
        assert len(caplog.records) == 1
    with caplog.at_level(logging.CRITICAL, "ucwa"):
        app.contact_presence(SARA)
        assert len(caplog.records) == 1


def test_percent_signs_are_no_format(app: ucwa.Application, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "ucwa"):
        app.group_contacts("Sales")
    assert any("%3D" in record.getMessage() for record in caplog.records)


def test_signing_out_is_no_trouble(caplog: pytest.LogCaptureFixture) -> None:
    """The server ends the channel before it answers that the application is deleted."""
    with Simulator(latency=0.1) as simulator, caplog.at_level(logging.DEBUG, "ucwa"):
        with ucwa.sign_in(**simulator.keys) as app:
            app.subscribe([SARA])
            app.next_event(120)
            wait_until(lambda: simulator.subscriptions()["pendingEvents"] == 1)
            caplog.clear()
        assert any("/events?" in record.getMessage() for record in caplog.records), "the channel ended meanwhile"
        assert {record.levelno for record in caplog.records} == {logging.DEBUG}, caplog.text


def test_no_secret_is_logged(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    token = issue_token(simulator)
    with caplog.at_level(1):
        with ucwa.sign_in(**simulator.keys) as app:
            simulator.expire_tokens()
            app.contact_presence(SARA)
            app.set("password", simulator.password)
        token = issue_token(simulator)
        with ucwa.sign_in(simulator.sign_in_address, access_token=token, **without_password(simulator)) as app:
            app.contact_presence(SARA)
            simulator.expire_tokens()
            with pytest.raises(ucwa.AuthenticationError) as failure:
                app.contact_presence(SARA)
            app.close()
    logged = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "oauthtoken" in logged
    for text in (logged, str(failure.value), repr(failure.value.details), repr(app)):
        assert simulator.password not in text
        assert token not in text
        assert "cwt=" not in text


def test_a_handler_that_fails_fails_no_call(app: ucwa.Application, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            raise RuntimeError("the disk is full")

    logger, handler = logging.getLogger("ucwa"), Failing()
    told: List[Any] = []
    monkeypatch.setattr("sys.unraisablehook", told.append)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        assert app.contact_presence(SARA).name == "Sara Davis"
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert told and "the disk is full" in str(told[0].exc_value)


def test_nothing_is_printed_where_nobody_set_up_logging(simulator: Simulator) -> None:
    script = """
import json, sys, ucwa
with ucwa.sign_in(**json.loads(sys.argv[1])) as app:
    app.request("DELETE", app.application()["href"])
    print(app.contact_presence("sip:SaraD@contoso.com").name)
"""
    command = [sys.executable, "-c", script, json.dumps(simulator.keys, default=str)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONG)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Sara Davis\n", "")
