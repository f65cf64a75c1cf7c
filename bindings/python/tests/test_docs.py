"""The code of the guide and of the README, run as it stands there."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any, List

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
    page: str, code: str, simulator: Simulator, app: ucwa.Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where the pages sign in to a real server, it is the simulator that they find.
    sign_in, aio_sign_in = ucwa.sign_in, ucwa.aio.sign_in

    def here(keys: Any) -> Any:
        return {**{key: value for key, value in simulator.keys.items() if key != "password"}, **keys}

    def signs_in(address: str = "", **keys: Any) -> ucwa.Application:
        return sign_in(**here(keys))

    async def signs_in_aio(address: str = "", **keys: Any) -> ucwa.aio.Application:
        return await aio_sign_in(**here(keys))

    simulator.set_password("Pa$$w0rd")
    monkeypatch.setattr(ucwa, "sign_in", signs_in)
    monkeypatch.setattr(ucwa.aio, "sign_in", signs_in_aio)
    monkeypatch.setattr("logging.basicConfig", lambda: None)
    names = {"ucwa": ucwa, "app": app, "simulator": simulator, "ask_the_vault": lambda host: issue_token(simulator)}
    try:
        exec(compile(code, str(ROOT / page), "exec"), names)
    finally:
        logging.getLogger("ucwa").setLevel(logging.NOTSET)


def test_the_guide_names_every_exception() -> None:
    guide = (ROOT / "docs/python.md").read_text(encoding="utf-8")
    for kind in ucwa.UcwaError.__subclasses__():
        assert f"| `{kind.__name__}` | `{kind._STATUS}` |" in guide
