"""Each kind of failure, as the server or the network causes it."""

from __future__ import annotations

import json
import pickle
import socket
from contextlib import closing
from typing import Any, Callable, Dict, List, Type

import pytest
import ucwa
from conftest import NOBODY, SARA
from ucwa import _errors, _ucwa
from ucwa.testing import Simulator


def nowhere() -> str:
    """An address of this machine where nobody listens."""
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{unused.getsockname()[1]}"


def signing_in(**keys: Any) -> Callable[[Simulator], object]:
    return lambda simulator: ucwa.sign_in(**{**simulator.keys, **keys})


def at_presence(kind: str, /, *, keys: Dict[str, Any] = {}, **members: Any) -> Callable[[Simulator], object]:  # noqa: B006
    def cause(simulator: Simulator) -> object:
        with ucwa.sign_in(**{**simulator.keys, "max_retries": 0, **keys}) as app:
            simulator.fault(kind, route="contactPresence", times=None, **members)
            return app.contact_presence(SARA)

    return cause


def undiscovered(simulator: Simulator) -> object:
    hosts = ("lyncdiscoverinternal.contoso.com", "lyncdiscover.contoso.com")
    resolve = ",".join(f"{host}={nowhere()}" for host in hosts)
    return ucwa.sign_in(simulator.sign_in_address, password="x", resolve=resolve, proxy="none", max_retries=0)


def sign_in_elsewhere(simulator: Simulator) -> object:
    body = json.dumps({"error": "invalid_grant", "ms_rtc_passiveauthuri": "https://login.contoso.com/passive"})
    headers = {"Content-Type": "application/json"}
    simulator.fault("respond", route="token", status=400, headers=headers, body=body)
    return ucwa.sign_in(**simulator.keys)


def ended(simulator: Simulator) -> object:
    app = ucwa.sign_in(**simulator.keys)
    app.sign_out()
    return app.contact_presence(SARA)


def unknown_contact(simulator: Simulator) -> object:
    with ucwa.sign_in(**simulator.keys) as app:
        return app.contact_presence(NOBODY)


CAUSES: List[Any] = [
    pytest.param(ucwa.InvalidArgumentError, at_presence("status", status=400), id="bad request"),
    pytest.param(ucwa.InvalidConfigError, signing_in(timeout_ms=0), id="bad value"),
    pytest.param(ucwa.InvalidConfigError, signing_in(colour="red"), id="unknown key"),
    pytest.param(ucwa.DiscoveryError, undiscovered, id="nobody listens"),
    pytest.param(ucwa.AuthenticationError, signing_in(password="wrong"), id="wrong password"),
    pytest.param(ucwa.SignInElsewhereError, sign_in_elsewhere, id="web page"),
    pytest.param(ucwa.ForbiddenError, at_presence("status", status=403), id="403"),
    pytest.param(ucwa.NotFoundError, unknown_contact, id="nobody"),
    pytest.param(ucwa.ConflictError, at_presence("status", status=409), id="409"),
    pytest.param(
        ucwa.ThrottledError,
        at_presence("status", status=429, headers={"Retry-After": "3600"}),
        id="retry after an hour",
    ),
    pytest.param(ucwa.ServerError, at_presence("status", status=500), id="500"),
    pytest.param(ucwa.NetworkError, at_presence("reset"), id="reset"),
    pytest.param(ucwa.TlsError, signing_in(ca_file=None, max_retries=0), id="unknown authority"),
    pytest.param(ucwa.CallTimeoutError, at_presence("status", status=504), id="504"),
    pytest.param(ucwa.ProtocolError, at_presence("htmlPage", status=200), id="a proxy's page"),
    pytest.param(ucwa.ApplicationEndedError, ended, id="signed out"),
    pytest.param(ucwa.UnsupportedError, signing_in(auth="windows"), id="not built"),
]

#: What no server causes: a defect of the library. A child process has a test of its own.
BY_NO_SERVER = {"UCWA_OK", "UCWA_INTERNAL", "UCWA_FORKED"}


@pytest.mark.parametrize(("kind", "cause"), CAUSES)
def test_a_failure_has_its_class(
    kind: Type[ucwa.UcwaError], cause: Callable[[Simulator], object], simulator: Simulator
) -> None:
    with pytest.raises(ucwa.UcwaError) as failure:
        cause(simulator)
    error = failure.value
    assert type(error) is kind, repr(error)
    assert error.status == kind._STATUS
    assert error.details["status"] == error.status and error.details["message"] == str(error)
    assert simulator.password not in str(error) + str(error.details)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(error, protocol))
        assert type(again) is kind and again == error and str(again) == str(error)


def test_every_status_is_caused() -> None:
    caused = {param.values[0]._STATUS for param in CAUSES}
    assert caused | BY_NO_SERVER == set(_ucwa.statuses())


@pytest.mark.parametrize("status", [status for status in _ucwa.statuses() if status != "UCWA_OK"])
def test_every_status_has_a_class(status: str) -> None:
    error = _errors.from_json(json.dumps({"status": status, "message": "It went wrong"}))
    assert type(error) is not ucwa.UcwaError and error.status == status == type(error)._STATUS
    assert getattr(ucwa, type(error).__name__) is type(error), "it can be named by programs"
    assert type(error)("made by a program").status == status


def test_a_status_of_later_is_a_failure_all_the_same() -> None:
    error = _errors.from_details({"status": "UCWA_MELTED", "message": "It is gone"})
    assert type(error) is ucwa.UcwaError and error.status == "UCWA_MELTED"


def test_what_the_server_said(simulator: Simulator, app: ucwa.Application) -> None:
    app.contact_presence(SARA)
    headers = {"Retry-After": "3600", "Content-Type": "application/json"}
    body = json.dumps({"code": "Forbidden", "subcode": "LimitExceeded", "message": "Too many."})
    simulator.fault("status", route="contactPresence", status=403, headers=headers, body=body)
    with pytest.raises(ucwa.ForbiddenError, match="Too many") as failure:
        app.contact_presence(SARA)
    error = failure.value
    assert (error.http_status, error.code, error.subcode) == (403, "Forbidden", "LimitExceeded")
    assert error.request is not None and error.request.startswith("GET https://localhost")
    assert error.retry_after == 3600
    assert error == error and error != ucwa.ForbiddenError(str(error))


def test_builtin_kinds(simulator: Simulator) -> None:
    assert issubclass(ucwa.CallTimeoutError, TimeoutError)
    assert issubclass(ucwa.InvalidArgumentError, ValueError) and issubclass(ucwa.InvalidConfigError, ValueError)
    with pytest.raises(ucwa.SignInElsewhereError) as failure:
        sign_in_elsewhere(simulator)
    assert failure.value.sign_in_url == "https://login.contoso.com/passive"


def test_time_runs_out(simulator: Simulator) -> None:
    with ucwa.sign_in(**simulator.keys) as app:
        app.contact_presence(SARA)
        simulator.fault("hang", route="contactPresence", times=None)
        app.set("timeout_ms", 50)
        with pytest.raises(TimeoutError):
            app.contact_presence(SARA)
        app.set("timeout_ms", None)


def test_no_secret_in_what_is_no_text(simulator: Simulator) -> None:
    keys = {**simulator.keys, "password": "Secret-\ud800"}
    with pytest.raises(ucwa.InvalidConfigError, match="surrogate") as failure:
        ucwa.sign_in(**keys)
    assert "Secret" not in str(failure.value) and failure.value.__context__ is None
    del keys["password"]
    with pytest.raises(ucwa.AuthenticationError) as refused:
        ucwa.sign_in(**keys, token_callback=lambda challenge: "Secret-\ud800")
    cause = refused.value.__cause__
    assert isinstance(cause, ValueError) and "surrogate" in str(cause) and not hasattr(cause, "object")
