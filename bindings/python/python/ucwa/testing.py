"""A simulated server, for trying programs that use `ucwa`.

>>> import ucwa
>>> from ucwa.testing import Simulator
>>> with Simulator() as simulator:  # doctest: +SKIP
...     simulator.set_presence("sip:SaraD@contoso.com", availability="Busy")
...     with ucwa.sign_in(**simulator.keys) as app:
...         app.contact_presence("sip:SaraD@contoso.com").availability
<Availability.BUSY: 'Busy'>

It is the program ``ucwa-simulator``, which ``pip install "libucwa[testing]"`` brings along.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import threading
import urllib.parse
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, Iterable, List, Mapping, Optional, Type, Union

from ._arguments import ContactLike, contact_text, texts

__all__ = ["PROGRAM_VARIABLE", "Simulator", "find_program"]

#: The environment variable that names the program, where it is not installed beside Python.
PROGRAM_VARIABLE = "UCWA_SIMULATOR"

#: How long the program may take to start or to end. It takes milliseconds.
_PATIENCE_S = 60.0


def find_program() -> Path:
    """Find the program: the environment variable ``UCWA_SIMULATOR``, else beside this Python, else on the path."""
    named = os.environ.get(PROGRAM_VARIABLE)
    if named:
        return Path(named)
    name = "ucwa-simulator" + (sysconfig.get_config_var("EXE") or "")
    folders = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent), _user_scripts()]
    for folder in folders:
        program = shutil.which(name, path=folder)
        if program:
            return Path(program)
    program = shutil.which(name)
    if program:
        return Path(program)
    raise FileNotFoundError(
        "the program ucwa-simulator, which the distribution libucwa-simulator brings, was not found: "
        'pip install "libucwa[testing]", from a checkout pip install ./bindings/python-simulator, '
        f"or name it in {PROGRAM_VARIABLE}"
    )


def _user_scripts() -> str:
    """Where ``pip install --user`` puts programs."""
    scheme = "nt_user" if os.name == "nt" else "osx_framework_user" if _is_framework() else "posix_user"
    return sysconfig.get_path("scripts", scheme)


def _is_framework() -> bool:
    return sys.platform == "darwin" and bool(sysconfig.get_config_var("PYTHONFRAMEWORK"))


class Simulator:
    """A server of its own, with an invented company, until `close` or the end of the ``with`` block.

    It starts at once, listens on free ports of this machine, and ends with this process, however that ends.
    """

    #: Where discovery starts, over HTTPS and over plain HTTP.
    url: str
    http_url: str
    #: The certificate authority to trust.
    ca_file: Path
    #: The user.
    sign_in_address: str
    password: str
    #: The control endpoint, for what has no method here.
    control: str

    def __repr__(self) -> str:
        return "<ucwa.testing.Simulator %s>" % self.url

    def __init__(
        self,
        *,
        contacts: int = 0,
        latency: Union[timedelta, float] = 0,
        clock_speed: float = 1,
        special_groups: bool = False,
        sign_in_address: Optional[str] = None,
        password: Optional[str] = None,
        options: Iterable[str] = (),
        program: Union[str, os.PathLike[str], None] = None,
    ) -> None:
        """Start it.

        `contacts` generated people come on top of the company's own; every answer is held back by `latency` (seconds);
        the server's clock runs `clock_speed` times as fast as the real one, so that events need not be waited for (100
        does well; beyond 150 an application whose clock is not made faster, too, takes the server for disturbed while
        nothing happens); `options` are further ones of the program's command line; `program` is the program itself.
        """
        command: List[str] = [os.fspath(program if program is not None else find_program()), "--exit-with-stdin"]
        command += ["--contacts", str(contacts), "--latency-ms", str(_milliseconds(latency))]
        command += ["--clock-speed", str(clock_speed)]
        if special_groups:
            command.append("--special-groups")
        if sign_in_address is not None:
            command += ["--sign-in-address", sign_in_address]
        if password is not None:
            command += ["--password", password]
        command += texts("options", options)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            # Ctrl-C is for the program that is tested, and may be what is tested.
            start_new_session=True,
        )
        try:
            self._ready()
        except BaseException:
            self._process.kill()
            self.close()
            raise

    def _ready(self) -> None:
        """Take the ready object, which is the program's first line."""
        assert self._process.stdout is not None and self._process.stderr is not None
        # One that never says anything is ended, and its output with it.
        guard = threading.Timer(_PATIENCE_S, self._process.kill)
        guard.start()
        try:
            line = self._process.stdout.readline()
        finally:
            guard.cancel()
            guard.join()
        if not line:
            raise RuntimeError(
                f"ucwa-simulator did not start: {self._process.stderr.read().strip() or 'it says nothing'}"
            )
        try:
            ready = json.loads(line)
        except ValueError:
            raise RuntimeError(f"{self._process.args!r} is no ucwa-simulator: it says {line.strip()!r}") from None
        self.url = ready["url"]
        self.http_url = ready["httpUrl"]
        self.ca_file = Path(ready["caFile"])
        self.sign_in_address = ready["signInAddress"]
        self.password = ready["password"]
        self.control = ready["control"]

    @property
    def keys(self) -> Dict[str, Any]:
        """What signs in here: ``ucwa.sign_in(**simulator.keys)``."""
        return {
            "sign_in_address": self.sign_in_address,
            "password": self.password,
            "discovery_url": self.url,
            "ca_file": self.ca_file,
            # It is on this machine, whatever proxy leads out of it.
            "proxy": "none",
        }

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        exception: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the server. Twice is fine."""
        process = self._process
        if process.stdin is not None and not process.stdin.closed:
            process.stdin.close()
        if os.name == "posix":
            # Forked children of this process may hold its standard input open. Elsewhere this would be no orderly end.
            process.terminate()
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    # People.

    def people(self) -> List[Dict[str, Any]]:
        """Tell everybody, with presence, note and place."""
        people: List[Dict[str, Any]] = self._ask("GET", "people")["people"]
        return people

    def set_presence(
        self,
        contact: ContactLike,
        availability: Optional[str] = None,
        *,
        activity: Optional[str] = None,
        device_type: Optional[str] = None,
        last_active_ms: Optional[int] = None,
        forget: Iterable[str] = (),
    ) -> None:
        """Change somebody's presence; what is None stays, and what `forget` names (``activity``, …) is removed."""
        given = {
            "availability": availability,
            "activity": activity,
            "deviceType": device_type,
            "lastActiveMs": last_active_ms,
        }
        change: Dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        change.update(dict.fromkeys(texts("forget", forget)))
        self._ask("PUT", "presence/" + _quoted(contact), change)

    # What goes wrong.

    def fault(self, kind: str, *, route: Optional[str] = None, times: Optional[int] = 1, **members: Any) -> None:
        """Order a fault: ``fault("status", route="contactPresence", status=503)``.

        `times` None is for ever; the simulator's manual lists kinds and members.
        """
        ordered: Dict[str, Any] = {"kind": kind, "times": times, **members}
        if route is not None:
            ordered["route"] = route
        self._ask("POST", "faults", ordered)

    def faults(self) -> List[Dict[str, Any]]:
        """Tell the faults that are still to happen."""
        faults: List[Dict[str, Any]] = self._ask("GET", "faults")["faults"]
        return faults

    def clear_faults(self) -> None:
        """Cancel all faults."""
        self._ask("DELETE", "faults")

    def expire_tokens(self) -> None:
        """Make all tokens bad."""
        self._ask("POST", "tokens/expire")

    def delete_applications(self) -> None:
        """Forget all applications."""
        self._ask("POST", "applications/delete")

    def expire_applications(self) -> None:
        """End all applications, as the server does with those that nobody used."""
        self._ask("POST", "applications/expire")

    def set_password(self, password: str) -> None:
        """Change the user's password; tokens stay good."""
        self._ask("PUT", "password", {"password": password})
        self.password = password

    def move(self, host: Optional[str]) -> None:
        """Move the user's home to another pool, or with None back."""
        self._ask("POST", "move", {"host": host})

    # Live presence.

    def subscriptions(self) -> Dict[str, Any]:
        """Tell whose presence is subscribed to (``subscribed``) and how many wait for events (``pendingEvents``)."""
        return self._ask("GET", "subscriptions")

    def expire_subscriptions(self) -> None:
        """End all subscriptions as if their time were over; clients are told so."""
        self._ask("POST", "subscriptions/expire")

    def end_subscriptions(self) -> None:
        """Forget all subscriptions, and tell nobody."""
        self._ask("POST", "subscriptions/end")

    def refuse_subscriptions_to(self, contact: ContactLike, refuse: bool = True) -> None:
        """Let nobody subscribe to this person, or anybody again."""
        self._ask("PUT" if refuse else "DELETE", "refusals/" + _quoted(contact))

    def cut_events(self) -> None:
        """Reset the connections on which clients wait for events."""
        self._ask("POST", "events/cut")

    def offline(self, offline: bool = True) -> None:
        """Reset every connection, and every new one at once; with False no more. Controlling goes on."""
        self._ask("PUT", "offline", {"offline": offline})

    def restart(self) -> None:
        """Restart the server: tokens, applications and subscriptions are gone; people, settings and faults stay."""
        self._ask("POST", "restart")

    # Time and switches.

    def advance(self, by: Union[timedelta, float]) -> None:
        """Move the server's clock forward (seconds): tokens, subscriptions and applications expire by it."""
        self._ask("POST", "clock", {"advanceMs": _milliseconds(by)})

    def set_clock_speed(self, speed: float) -> None:
        """Let the server's clock run so many times as fast as the real one; 0 stops it."""
        self._ask("POST", "clock", {"speed": speed})

    def settings(self, **changes: Any) -> Dict[str, Any]:
        """Change switches (``batchBom=True``), and tell them all."""
        if changes:
            self._ask("PUT", "settings", changes)
        return self._ask("GET", "settings")

    # What was asked for.

    def overview(self) -> Dict[str, Any]:
        """Tell what there is: groups, applications, counts."""
        return self._ask("GET", "")

    def count(self, route: Optional[str] = None) -> int:
        """Count the requests for a resource by its link relation (``contactPresence``), or all; a batch is one."""
        number: int = self._ask("GET", "requests")["total"] if route is None else self._count(route)["count"]
        return number

    def count_batched(self, route: str) -> int:
        """Count the requests for a resource that came in batches."""
        number: int = self._count(route)["batched"]
        return number

    def _count(self, route: str) -> Dict[str, Any]:
        return self._ask("GET", "requests?route=" + urllib.parse.quote(route))

    def requests(self) -> List[Dict[str, Any]]:
        """Tell the requests, without their bodies."""
        records: List[Dict[str, Any]] = self._ask("GET", "requests?list=true")["records"]
        return records

    def forget_requests(self) -> None:
        """Forget the requests so far, and their counts."""
        self._ask("DELETE", "requests")

    def changes(self) -> List[Dict[str, Any]]:
        """Tell what changed on the server, whoever did it."""
        changes: List[Dict[str, Any]] = self._ask("GET", "changes")["changes"]
        return changes

    def _ask(self, method: str, path: str, body: Optional[Mapping[str, Any]] = None) -> Dict[str, Any]:
        """Ask the control endpoint."""
        # Without a proxy, whatever the environment says.
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.control).netloc, timeout=_PATIENCE_S)
        try:
            connection.request(method, "/" + path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            answer: Dict[str, Any] = json.loads(response.read())
        finally:
            connection.close()
        if response.status >= 400:
            raise ValueError(f"{answer.get('error')}; allowed: {json.dumps(answer.get('allowed'))}")
        return answer


def _quoted(contact: ContactLike) -> str:
    return urllib.parse.quote(contact_text(contact), safe=":@")


def _milliseconds(time: Union[timedelta, float]) -> int:
    seconds = time.total_seconds() if isinstance(time, timedelta) else time
    return round(seconds * 1000)
