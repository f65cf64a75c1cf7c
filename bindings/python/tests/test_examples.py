"""The examples, run as a reader would."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional
from xml.etree import ElementTree

import pytest
from conftest import LONG, SARA, wait_until
from ucwa.testing import Simulator

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def environment(simulator: Simulator) -> Dict[str, str]:
    return {
        **os.environ,
        "UCWA_ADDRESS": simulator.sign_in_address,
        "UCWA_PASSWORD": simulator.password,
        "UCWA_URL": simulator.url,
        "UCWA_CA_FILE": str(simulator.ca_file),
        "NO_PROXY": "localhost",
        "PYTHONIOENCODING": "utf-8",
        "TZ": "UTC",
    }


def command(name: str, *arguments: str) -> List[str]:
    return [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments]


def run(simulator: Simulator, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(name, *arguments), env=environment(simulator), capture_output=True, encoding="utf-8", timeout=LONG
    )


def test_team_to_csv(simulator: Simulator, tmp_path: Path) -> None:
    simulator.set_presence(SARA, "Busy", activity="in-a-meeting")
    file = tmp_path / "team.csv"
    done = run(simulator, "team_to_csv.py", "Sales", str(file))
    assert done.returncode == 0, done.stderr
    with file.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert rows[0]["name"] == "Sara Davis" and rows[0]["availability"] == "Busy"
    assert rows[0]["last active"] == "2013-01-22T03:58:16+00:00" and rows[0]["note"] == "Back on Monday"
    assert len(rows) == 4 and "4/4" in done.stderr
    written = file.read_bytes()
    done = run(simulator, "team_to_csv.py", "No such team", str(file))
    assert done.returncode == 1 and "No such team" in done.stderr
    assert file.read_bytes() == written, "what was there stays"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("team_to_csv.py", ["Sales", "team.csv"]), ("record_day.py", ["Sales", "day.jsonl"]), ("busy_light.py", [SARA])],
)
def test_who_signs_in_is_asked_for(simulator: Simulator, tmp_path: Path, name: str, arguments: List[str]) -> None:
    for missing in ["UCWA_ADDRESS", "UCWA_PASSWORD"]:
        known = environment(simulator)
        del known[missing]
        done = subprocess.run(
            command(name, *arguments), env=known, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=LONG
        )
        assert done.returncode == 1 and done.stderr.startswith(f"error: the environment has no {missing};")
        assert list(tmp_path.iterdir()) == []


class Running:
    """An example that goes on until it is told to end."""

    def __init__(self, simulator: Simulator, name: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            command(name, *arguments),
            env=environment(simulator),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def says(self) -> str:
        """The next line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def complains(self) -> str:
        """The next line of its trouble."""
        assert self.process.stderr is not None
        return self.process.stderr.readline().strip()

    def end(self) -> str:
        """Press Ctrl-C; what it had still to say."""
        self.process.send_signal(signal.SIGINT)
        said, complained = self.process.communicate(timeout=LONG)
        assert (self.process.returncode, complained) == (0, "")
        return said.strip()


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C cannot be sent here")
def test_busy_light(fast: Simulator) -> None:
    with Running(fast, "busy_light.py", SARA) as light:
        assert light.says() == "dark"
        for availability, colour in [("Busy", "red"), ("Online", "green"), ("Hiding", "dark"), ("Away", "yellow")]:
            fast.set_presence(SARA, availability)
            assert light.says() == colour
        fast.offline()
        assert "interrupted" in light.complains() and light.says() == "dark"
        fast.offline(False)
        assert light.complains() == "connection restored: all is well" and light.says() == "yellow"
        assert light.end() == "dark"
    assert fast.overview()["applications"] == [], "it has signed out"
    done = run(fast, "busy_light.py", "sip:nobody@contoso.com")
    assert done.returncode == 1 and "nobody" in done.stderr and done.stdout == "dark\n"


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C cannot be sent here")
def test_recording_and_drawing(fast: Simulator, tmp_path: Path) -> None:
    log, drawing = tmp_path / "day.jsonl", tmp_path / "day.svg"
    log.touch()

    def records() -> List[Dict[str, Any]]:
        return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]

    with Running(fast, "record_day.py", "Sales", str(log)) as recorder:
        assert recorder.says().startswith("recording 4 people")
        wait_until(lambda: len(records()) == 4)
        fast.set_presence(SARA, "Busy", activity="in-a-meeting")
        wait_until(lambda: len(records()) == 5)
        recorder.end()
    *_, changed, last = records()
    assert (changed["name"], changed["availability"], changed["activity"]) == ("Sara Davis", "Busy", "in-a-meeting")
    assert last["connection"] == "stopped"
    done = run(fast, "plot_day.py", str(log), str(drawing))
    assert done.returncode == 0 and "4 people" in done.stdout, done.stderr
    assert bars(drawing, "Sara Davis")[-1].startswith("Sara Davis: Busy")


def test_a_recorded_day(simulator: Simulator, tmp_path: Path) -> None:
    drawing = tmp_path / "day.svg"
    for arguments in ([], ["2026-03-02"]):
        done = run(simulator, "plot_day.py", str(EXAMPLES / "day.jsonl"), str(drawing), *arguments)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("2026-03-02: 4 people")
    sara = [
        "Offline 07:30-08:03", "Online 08:03-09:00", "Busy 09:00-09:45", "Online 09:45-10:41", "Online 10:49-11:58",
        "BeRightBack 11:58-12:46", "Online 12:46-15:00", "Busy 15:00-16:01", "Online 16:01-16:55",
        "Offline 16:55-18:00",
    ]  # fmt: skip
    assert bars(drawing, "Sara Davis") == [f"Sara Davis: {bar}" for bar in sara], "while it was interrupted none"
    alex = bars(drawing, "Alex Darrow")
    assert alex[2:4] == ["Alex Darrow: Away 10:20-10:41", "Alex Darrow: Online 10:49-15:00"]
    done = run(simulator, "plot_day.py", str(EXAMPLES / "day.jsonl"), str(drawing), "2026-03-01")
    assert done.returncode == 0 and bars(drawing, "Sara Davis") == []


@pytest.mark.parametrize(
    ("log", "error"),
    [
        (None, "No such file"),
        ("", "is empty"),
        ('{"time":"2026-03-02T08:00:00+00:00","name":"A","availability":"Busy"}\nmud\n', "line 2 is no record"),
        ('{"name":"A"}\n', "line 1 is no record of record_day.py: KeyError('time')"),
    ],
)
def test_a_log_that_cannot_be_drawn(simulator: Simulator, tmp_path: Path, log: Optional[str], error: str) -> None:
    file, drawing = tmp_path / "day.jsonl", tmp_path / "day.svg"
    if log is not None:
        file.write_text(log, encoding="utf-8")
    done = run(simulator, "plot_day.py", str(file), str(drawing))
    assert done.returncode == 1 and done.stderr.startswith("error: ") and error in done.stderr, done.stderr
    assert not drawing.exists()
    done = run(simulator, "plot_day.py", str(EXAMPLES / "day.jsonl"), str(drawing), "yesterday")
    assert done.returncode == 1 and "yesterday" in done.stderr and "Traceback" not in done.stderr


def bars(drawing: Path, name: str) -> List[str]:
    """What the bars of somebody say when they are pointed at."""
    titles = ElementTree.parse(drawing).iter("{http://www.w3.org/2000/svg}title")
    return [title.text for title in titles if title.text and title.text.startswith(name + ":")]
