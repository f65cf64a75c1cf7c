"""The code of the guide and of the README, run as it stands there."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest
import ucwa
import ucwa.aio
from test_application import issue_token
from ucwa.testing import Simulator

ROOT = Path(__file__).resolve().parents[3]


def blocks() -> List[Any]:
    found = []
    for page in ("docs/python.md", "bindings/python/README.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        for block in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, block.start()) + 2
            # With as many empty lines before it, so that a failure names the page's own line.
            found.append(pytest.param(page, "\n" * (line - 1) + block[1], id=f"{page}:{line}"))
    return found


@pytest.mark.parametrize(("page", "code"), blocks())
def test_it_runs(
    page: str, code: str, fast: Simulator, listener: ucwa.Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = fast
    # Where the pages sign in to a real server, it is the simulator that they find.
    sign_in, aio_sign_in = ucwa.sign_in, ucwa.aio.sign_in

    def here(keys: Any) -> Any:
        return {**{key: value for key, value in simulator.keys.items() if key != "password"}, **keys}

    def signs_in(address: str = "", **keys: Any) -> ucwa.Application:
        return sign_in(**here(keys))

    async def signs_in_aio(address: str = "", **keys: Any) -> ucwa.aio.Application:
        return await aio_sign_in(**here(keys))

    # Time is a hundred times as fast there, so that a minute without an event is none.
    next_event, aio_next_event = ucwa.Application.next_event, ucwa.aio.Application.next_event

    def comes(app: ucwa.Application, timeout: Optional[float] = None) -> ucwa.Event:
        return next_event(app, None if timeout is None else timeout / 100)

    async def comes_aio(app: ucwa.aio.Application, timeout: Optional[float] = None) -> ucwa.Event:
        return await aio_next_event(app, None if timeout is None else timeout / 100)

    monkeypatch.setattr(ucwa.Application, "next_event", comes)
    monkeypatch.setattr(ucwa.aio.Application, "next_event", comes_aio)
    simulator.set_password("Pa$$w0rd")
    monkeypatch.setattr(ucwa, "sign_in", signs_in)
    monkeypatch.setattr(ucwa.aio, "sign_in", signs_in_aio)
    monkeypatch.setattr("logging.basicConfig", lambda: None)
    names: Dict[str, Any] = {
        "asyncio": asyncio,
        "ucwa": ucwa,
        "app": listener,
        "simulator": simulator,
        "ask_the_vault": lambda host: issue_token(simulator),
    }
    try:
        exec(compile(code, str(ROOT / page), "exec"), names)
        # What is shown as a test is one, where it needs no more than it says.
        for name in [name for name in names if name.startswith("test_")]:
            if not inspect.signature(names[name]).parameters:
                names[name]()
    finally:
        logging.getLogger("ucwa").setLevel(logging.NOTSET)


#: What the module was promised to look like, to the letter.
PROMISE = """
import ucwa

with ucwa.sign_in("sip:lenea@contoso.com", password="…", ca_file="…") as app:
    presence = app.contact_presence("sip:SaraD@contoso.com")
    presence.availability, presence.device_type, presence.last_active     # "Offline", "Unknown", an aware datetime
    for p in app.group_presence("Pinned Contacts"): ...
    with app.subscribe(["sip:SaraD@contoso.com"]):
        for event in app.events(timeout=60): ...                          # ends after 60 s without an event; None: for ever
    app.navigate("people/myGroups")                                       # a dict, the server's own
"""  # noqa: E501


def test_the_promise_is_kept(fast: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in, next_event = ucwa.sign_in, ucwa.Application.next_event
    timeouts = set()

    def comes(app: ucwa.Application, timeout: Optional[float] = None) -> ucwa.Event:
        timeouts.add(timeout)
        return next_event(app, 0.5)

    monkeypatch.setattr(ucwa, "sign_in", lambda address, **keys: sign_in(**{**fast.keys, "sign_in_address": address}))
    monkeypatch.setattr(ucwa.Application, "next_event", comes)
    names: Dict[str, Any] = {}
    exec(PROMISE, names)
    presence = names["presence"]
    assert (presence.availability, presence.device_type) == ("Offline", "Unknown") and presence.last_active.tzinfo
    assert timeouts == {60} and names["event"].presence == presence
    assert isinstance(names["p"], ucwa.Presence)


def test_the_guide_names_every_event() -> None:
    guide = (ROOT / "docs/python.md").read_text(encoding="utf-8")
    for kind in ucwa.Event.__subclasses__():
        attributes = ", ".join(f"`{name}`" for name in inspect.signature(kind).parameters)
        assert f"| `{kind.__name__}` | `{vars(kind)['kind']}` | {attributes} |" in guide


def test_the_guide_names_every_exception() -> None:
    guide = (ROOT / "docs/python.md").read_text(encoding="utf-8")
    for kind in ucwa.UcwaError.__subclasses__():
        assert f"| `{kind.__name__}` | `{kind._STATUS}` |" in guide
