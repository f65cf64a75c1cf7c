"""Write the presence of a team to a CSV file, with a progress bar.

    python team_to_csv.py Sales team.csv

Who signs in comes from the environment: see account.py.
"""

from __future__ import annotations

import csv
import sys
from typing import Iterator, List

import ucwa
from account import sign_in

#: So many people are read at once: few enough for the bar to move, enough for the server to be asked rarely.
AT_ONCE = 25


def main(group: str, file: str) -> None:
    """Read the group's members and write them to the file."""
    with sign_in() as app:
        # Before the file: what was written last time stays where there is no such group.
        members = app.group_contacts(group)
        with open(file, "w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(["name", "address", "availability", "activity", "device", "last active", "note", "trouble"])
            done = 0
            show(done, len(members))
            for some in portions(members):
                for presence in app.contacts_presence(some, include=["note"]):
                    writer.writerow(row(presence))
                done += len(some)
                show(done, len(members))
            print(file=sys.stderr)


def portions(members: List[ucwa.Contact]) -> Iterator[List[ucwa.Contact]]:
    """Cut a list into parts."""
    for start in range(0, len(members), AT_ONCE):
        yield members[start : start + AT_ONCE]


def row(presence: ucwa.Presence) -> List[str]:
    """Make a line of one presence; what is not known stays empty."""
    last_active = presence.last_active.isoformat() if presence.last_active else ""
    note = presence.note.message if presence.note else None
    trouble = str(presence.error) if presence.error else ""
    known = [presence.name, presence.uri, presence.availability, presence.activity, presence.device_type]
    return [*(text or "" for text in known), last_active, note or "", trouble]


def show(done: int, total: int) -> None:
    """Draw the progress bar anew, over the former one."""
    width = 40
    filled = width * done // total if total else width
    print(f"\r[{'#' * filled}{' ' * (width - filled)}] {done}/{total}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: team_to_csv.py GROUP FILE")
    try:
        main(sys.argv[1], sys.argv[2])
    except (ucwa.UcwaError, OSError) as error:
        sys.exit(f"error: {error}")
