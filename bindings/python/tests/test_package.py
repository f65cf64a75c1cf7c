"""The package itself: that nothing is forgotten."""

from __future__ import annotations

import inspect
import re
import types
from importlib import metadata
from pathlib import Path

import pytest
import ucwa
import ucwa.aio
import ucwa.testing
from ucwa import _ucwa

ROOT = Path(__file__).resolve().parents[3]

#: What the C ABI has for programs without objects, exceptions and garbage collection; it stands elsewhere in Python.
OTHERWISE = {
    "application_cancel", "application_free", "application_set", "bytes_free", "config_free", "config_get",
    "config_keys", "config_new", "config_set", "config_set_token_callback", "json_boolean", "json_free", "json_integer",
    "json_parse", "json_size", "json_text", "last_error_json", "last_error_message", "last_error_status",
    "set_log_callback", "sign_in", "status_name", "string_free", "string_new", "version",
}  # fmt: skip


def test_every_c_function_is_a_method() -> None:
    header = (ROOT / "include" / "ucwa.h").read_text(encoding="utf-8")
    code = "\n".join(line for line in header.splitlines() if not line.startswith((" *", "/*", "#")))
    functions = set(re.findall(r"\bucwa_([a-z_]+)\(", code))
    assert len(functions) > 60
    methods = {function.replace("get_", "", 1) if function.startswith("get_") else function for function in functions}
    missing = {method for method in methods - OTHERWISE if not hasattr(ucwa.Application, method)}
    assert missing == set()
    assert OTHERWISE <= methods, "what is listed is in the header"


def test_versions_agree() -> None:
    assert ucwa.version() == ucwa.__version__ == metadata.version("libucwa") == metadata.version("libucwa-simulator")
    manifest = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    assert f'\nversion = "{ucwa.__version__}"\n' in manifest


def test_names_are_sorted_and_there() -> None:
    for module in (ucwa, ucwa.aio, ucwa.testing):
        assert module.__all__ == sorted(module.__all__)
        assert all(hasattr(module, name) for name in module.__all__)
    public = {name for name in vars(ucwa) if not name.startswith("_")} - {"aio", "testing"}
    assert public == set(ucwa.__all__) - {"__version__"}


@pytest.mark.parametrize("module", [ucwa, ucwa.aio, ucwa.testing])
def test_everything_is_documented(module: types.ModuleType) -> None:
    things = [getattr(module, name) for name in module.__all__]
    for thing in things:
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert inspect.getdoc(thing), thing
        if inspect.isclass(thing) and thing.__module__.startswith("ucwa"):
            for name, member in inspect.getmembers(thing, inspect.isfunction):
                assert name.startswith("_") or inspect.getdoc(member), (thing, name)


def test_the_native_part_is_no_other_library() -> None:
    assert _ucwa.VERSION == ucwa.__version__
    assert ucwa.__doc__ is not None
