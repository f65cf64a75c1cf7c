"""The simulator, as tests of other projects use it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import ucwa
from conftest import LONG, SARA, shows, until, wait_until
from ucwa.testing import PROGRAM_VARIABLE, Simulator, find_program


def test_options() -> None:
    with Simulator(
        contacts=5,
        special_groups=True,
        sign_in_address="sip:boss@contoso.com",
        password="Other-1",
        options=["--host", "pool.example"],
    ) as simulator:
        assert (simulator.sign_in_address, simulator.password) == ("sip:boss@contoso.com", "Other-1")
        assert simulator.ca_file.is_file()
        with ucwa.sign_in(**simulator.keys) as app:
            assert app.me().uri == "sip:boss@contoso.com"
            assert "delegatesGroup" in [group.rel for group in app.groups()]
        assert len(simulator.people()) == 30
    assert not simulator.ca_file.exists(), "the simulator has ended in order"
    simulator.close()


def test_time_moves(simulator: Simulator, app: ucwa.Application) -> None:
    app.contact_presence(SARA)
    simulator.forget_requests()
    simulator.advance(timedelta(hours=9))
    assert app.contact_presence(SARA).name == "Sara Davis"
    assert simulator.count("token") == 1, "the token had expired"


def test_what_can_be_ordered(simulator: Simulator, app: ucwa.Application) -> None:
    simulator.fault("delay", route="me", ms=1, times=None)
    assert [fault["route"] for fault in simulator.faults()] == ["me"]
    simulator.clear_faults()
    assert simulator.faults() == []
    assert simulator.settings(batchBom=True)["batchBom"] is True
    app.contacts_presence([SARA, "sip:ManishC@contoso.com"])
    assert simulator.count_batched("contactPresence") == 2
    assert simulator.count() == len(simulator.requests())
    simulator.expire_applications()
    simulator.set_password("Other-2")
    simulator.expire_tokens()
    with pytest.raises(ucwa.AuthenticationError):
        app.me()
    app.set("password", simulator.password)
    assert app.me().name == "Lene Aaling"
    simulator.move("pool2.contoso.com")
    simulator.move(None)
    assert simulator.overview()["applications"] == []
    for refused in (lambda: simulator.fault("explode"), lambda: simulator.settings(colour="red")):
        with pytest.raises(ValueError, match="allowed"):
            refused()


def test_live_presence_can_be_ordered(simulator: Simulator, app: ucwa.Application) -> None:
    with app.subscribe([SARA]):
        assert simulator.subscriptions()["subscribed"] == [SARA]
        until(app, shows(SARA, "Offline"))
        # While the server's clock stands still it gathers events; then they come.
        simulator.set_clock_speed(0)
        wait_until(lambda: simulator.subscriptions()["pendingEvents"] == 1)
        simulator.set_presence(SARA, "Busy")
        assert app.contact_presence(SARA).availability == "Busy" and app.health().waiting_events == 0
        simulator.set_clock_speed(100)
        until(app, shows(SARA, "Busy"))
        simulator.end_subscriptions()
        assert simulator.subscriptions()["subscribed"] == []
        simulator.expire_subscriptions()
    simulator.refuse_subscriptions_to(SARA)
    assert simulator.overview()["applications"] != []
    simulator.restart()
    assert simulator.overview()["applications"] == []
    simulator.offline()
    with pytest.raises(ucwa.NetworkError):
        ucwa.sign_in(**simulator.keys, max_retries=0)
    simulator.offline(False)


def test_finding_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(PROGRAM_VARIABLE, raising=False)
    installed = find_program()
    assert installed.stem == "ucwa-simulator" and installed.parent == Path(sys.executable).parent
    monkeypatch.setenv(PROGRAM_VARIABLE, str(tmp_path / "mine"))
    assert find_program() == tmp_path / "mine"
    with pytest.raises(FileNotFoundError):
        Simulator()
    with Simulator(program=installed) as simulator:
        assert simulator.url.startswith("https://")
    monkeypatch.delenv(PROGRAM_VARIABLE)
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(FileNotFoundError, match=r"libucwa\[testing\]"):
        find_program()


def test_a_program_that_does_not_start() -> None:
    with pytest.raises(RuntimeError, match="--no-such-option"):
        Simulator(options=["--no-such-option"])


@pytest.mark.skipif(os.name != "posix", reason="there are no forked children here")
def test_it_ends_though_a_forked_child_goes_on() -> None:
    simulator = Simulator()
    assert simulator._process.stdin is not None
    # What a child would hold.
    held = os.dup(simulator._process.stdin.fileno())
    simulator.close()
    os.close(held)
    assert not simulator.ca_file.exists(), "it has ended in order"


def test_it_ends_with_its_parent() -> None:
    script = """
import os
from ucwa.testing import Simulator
print(Simulator().ca_file, flush=True)
os._exit(1)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=LONG)
    ca_file = Path(done.stdout.strip())
    assert ca_file.name == "ca.pem", done.stderr
    wait_until(lambda: not ca_file.exists())


def test_what_cannot_be_used(simulator: Simulator, app: ucwa.Application) -> None:
    simulator.set_presence(app.contact(SARA), "Busy")
    assert app.contact_presence(SARA).availability == "Busy"
    with pytest.raises(TypeError, match="several"):
        simulator.set_presence(SARA, forget="activity")
    with pytest.raises(TypeError, match="several"):
        Simulator(options="--special-groups")
    with pytest.raises(ValueError, match="no route nope"):
        simulator.count("nope")
    with pytest.raises(RuntimeError, match=r"no ucwa-simulator|did not start"):
        Simulator(program=sys.executable)
