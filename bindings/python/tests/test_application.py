"""The application's life: signing in and out, tokens, settings."""

from __future__ import annotations

import inspect
import json
import logging
import ssl
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Dict, List

import pytest
import ucwa
from conftest import SARA
from ucwa.testing import Simulator


def issue_token(simulator: Simulator) -> str:
    """A token, as another program would get it."""
    form = {"grant_type": "password", "username": simulator.sign_in_address, "password": simulator.password}
    context = ssl.create_default_context(cafile=str(simulator.ca_file))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    address = urllib.parse.urljoin(simulator.url, "/WebTicket/oauthtoken")
    with opener.open(address, urllib.parse.urlencode(form).encode()) as answer:
        token: str = json.loads(answer.read())["access_token"]
    return token


def applications(simulator: Simulator) -> int:
    return len(simulator.overview()["applications"])


def test_leaving_the_block_signs_out(simulator: Simulator) -> None:
    assert repr(simulator) == f"<ucwa.testing.Simulator {simulator.url}>"
    with ucwa.sign_in(**simulator.keys) as app:
        assert applications(simulator) == 1
        assert repr(app) == f"<ucwa.Application {app.application()['href']}>"
    assert applications(simulator) == 0
    assert repr(app) == "<ucwa.Application which has ended>"
    with pytest.raises(ucwa.ApplicationEndedError, match="closed"):
        app.contact_presence(SARA)


def test_the_blocks_own_failure_is_seen(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    simulator.fault("status", route="application", method="DELETE", status=500, times=None)
    with pytest.raises(ZeroDivisionError), ucwa.sign_in(**simulator.keys, max_retries=0):
        _ = 1 / 0
    assert "signing out failed" in caplog.text
    with pytest.raises(ucwa.ServerError) as failure, ucwa.sign_in(**simulator.keys, max_retries=0) as app:
        pass
    assert failure.value.http_status == 500
    with pytest.raises(ucwa.ApplicationEndedError):
        app.me()


def test_a_block_may_end_its_application(simulator: Simulator) -> None:
    with ucwa.sign_in(**simulator.keys) as app:
        app.sign_out()
        with pytest.raises(ucwa.ApplicationEndedError):
            app.sign_out()
    with ucwa.sign_in(**simulator.keys) as app:
        app.cancel()
        with pytest.raises(ucwa.ApplicationEndedError):
            app.me()
    with ucwa.sign_in(**simulator.keys) as app:
        app.close()
        app.close()
    assert applications(simulator) == 2, "cancelled or closed they stay on the server"


def test_closing_leaves_it_on_the_server(simulator: Simulator) -> None:
    ucwa.sign_in(**simulator.keys).close()
    assert applications(simulator) == 1
    app = ucwa.sign_in(**simulator.keys)
    del app
    assert applications(simulator) == 2


def test_keywords_are_the_configuration_keys() -> None:
    parameters = set(inspect.signature(ucwa.sign_in).parameters) - {"token_callback", "keys"}
    assert parameters == {key["key"] for key in ucwa.config_keys()}
    assert all({"key", "default", "values", "secret", "description"} == set(key) for key in ucwa.config_keys())


def test_values_of_keywords(simulator: Simulator) -> None:
    keys = {**simulator.keys, "ca_file": Path(simulator.ca_file), "timeout_ms": 20_000, "allow_insecure_http": False}
    with ucwa.sign_in(**keys, culture="de-DE", max_retries=None) as app:
        assert app.application()["culture"] == "de-DE"
    with pytest.raises(ucwa.InvalidConfigError, match="allow_insecure_http"):
        ucwa.sign_in(**{**simulator.keys, "allow_insecure_http": "perhaps"})
    with pytest.raises(TypeError, match="timeout_ms is a str"):
        ucwa.sign_in(**{**simulator.keys, "timeout_ms": 1.5})
    with pytest.raises(ucwa.InvalidConfigError, match="sign_in_address"):
        ucwa.sign_in(password="x")


def test_settings(simulator: Simulator) -> None:
    with ucwa.sign_in(**simulator.keys) as app:
        app.set("timeout_ms", 10_000)
        app.set("max_retries", 0)
        simulator.fault("status", route="me", status=503)
        with pytest.raises(ucwa.ServerError):
            app.me()
        app.set("max_retries", None)
        simulator.fault("status", route="me", status=503, headers={"Retry-After": "0"})
        assert app.me().name == "Lene Aaling"
        with pytest.raises(ucwa.InvalidConfigError, match="cannot change"):
            app.set("culture", "de-DE")


def test_a_token_from_elsewhere(simulator: Simulator) -> None:
    token = issue_token(simulator)
    simulator.forget_requests()
    with ucwa.sign_in(simulator.sign_in_address, access_token=token, **without_password(simulator)) as app:
        assert app.contact_presence(SARA).availability == "Offline"
    assert simulator.count("token") == 0


def test_tokens_from_a_callback(simulator: Simulator) -> None:
    challenges: List[ucwa.TokenChallenge] = []

    def token(challenge: ucwa.TokenChallenge) -> str:
        challenges.append(challenge)
        return issue_token(simulator)

    with ucwa.sign_in(simulator.sign_in_address, token_callback=token, **without_password(simulator)) as app:
        simulator.expire_tokens()
        assert app.contact_presence(SARA).availability == "Offline"
    assert [challenge.reason for challenge in challenges] == ["challenged", "refused"]
    assert challenges[0].url.startswith(challenges[0].host)
    assert challenges[0].token_url is not None and "password" in challenges[0].grants


def test_what_a_callback_raises_is_the_cause(simulator: Simulator) -> None:
    def fails(challenge: ucwa.TokenChallenge) -> str:
        raise OSError(f"the vault is closed to {challenge.host}")

    with pytest.raises(ucwa.AuthenticationError) as failure:
        ucwa.sign_in(simulator.sign_in_address, token_callback=fails, **without_password(simulator))
    assert isinstance(failure.value.__cause__, OSError) and "vault" in str(failure.value.__cause__)
    with pytest.raises(ucwa.AuthenticationError) as failure:
        ucwa.sign_in(
            simulator.sign_in_address,
            token_callback=lambda _: 7,  # type: ignore[arg-type, return-value]
            **without_password(simulator),
        )
    assert isinstance(failure.value.__cause__, TypeError)
    with pytest.raises(ucwa.AuthenticationError) as failure:
        ucwa.sign_in(simulator.sign_in_address, token_callback=lambda _: None, **without_password(simulator))
    assert failure.value.__cause__ is None


def without_password(simulator: Simulator) -> Dict[str, Any]:
    return {key: value for key, value in simulator.keys.items() if key not in ("sign_in_address", "password")}


def test_lost_applications_are_made_anew(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    with ucwa.sign_in(**simulator.keys) as app:
        simulator.delete_applications()
        with caplog.at_level(logging.WARNING, "ucwa"):
            assert app.contact_presence(SARA).availability == "Offline"
    assert "created again" in caplog.text
