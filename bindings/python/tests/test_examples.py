"""The examples, run as a reader would."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

from conftest import SARA
from ucwa.testing import Simulator

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def run(simulator: Simulator, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "UCWA_ADDRESS": simulator.sign_in_address,
        "UCWA_PASSWORD": simulator.password,
        "UCWA_URL": simulator.url,
        "UCWA_CA_FILE": str(simulator.ca_file),
        "NO_PROXY": "localhost",
        "PYTHONIOENCODING": "utf-8",
    }
    command = [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=120)


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
    done = run(simulator, "team_to_csv.py", "No such team", str(file))
    assert done.returncode == 1 and "No such team" in done.stderr
