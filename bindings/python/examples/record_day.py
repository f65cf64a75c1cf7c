"""Record the presence of a team to a log, as it changes.

    python record_day.py Sales day.jsonl

Each line is a JSON object with its time, to be drawn by plot_day.py. The log is added to, so that the recording can be
ended with Ctrl-C and begun again; while nobody recorded, or the connection was lost, nothing is known.

Who signs in comes from the environment: see account.py. Mind the law and the people: a record of who was there when is
nobody's toy.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from typing import Dict, Optional, TextIO

import ucwa
from account import sign_in


def line(event: ucwa.Event) -> Optional[Dict[str, Optional[str]]]:
    """Tell what to record of an event; None is nothing."""
    if isinstance(event, ucwa.PresenceEvent):
        presence = event.presence
        return {
            "uri": event.uri,
            "name": presence.name,
            "availability": presence.availability,
            "activity": presence.activity,
        }
    if isinstance(event, ucwa.ConnectionEvent):
        return {"connection": event.state}
    return None


def write(log: TextIO, members: Dict[str, Optional[str]]) -> None:
    """Write a line at once: who ends the program loses nothing."""
    log.write(json.dumps({"time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"), **members}) + "\n")
    log.flush()


def main(group: str, file: str) -> None:
    """Record the group until somebody ends it."""
    with sign_in() as app, app.subscribe_group(group) as team, open(file, "a", encoding="utf-8") as log:
        print(f"recording {len(team.contacts)} people to {file}; Ctrl-C ends it", flush=True)
        try:
            for event in app.events():
                members = line(event)
                if members is not None:
                    write(log, members)
        finally:
            write(log, {"connection": "stopped"})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: record_day.py GROUP FILE")
    try:
        main(sys.argv[1], sys.argv[2])
    except KeyboardInterrupt:
        pass
    except (ucwa.UcwaError, OSError) as error:
        sys.exit(f"error: {error}")
