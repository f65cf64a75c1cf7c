"""Draw a day of a team from the log that record_day.py wrote, as an SVG file that every browser shows.

    python plot_day.py day.jsonl day.svg 2026-03-02

Without a date it is the last one in the log; times are this machine's. It needs nothing but Python.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, timedelta
from typing import Dict, Iterable, List, NamedTuple, Optional, Tuple
from xml.sax.saxutils import escape

COLOURS = {
    "Online": "#5fa834",
    "IdleOnline": "#a9d18e",
    "Busy": "#c8372d",
    "IdleBusy": "#e39a94",
    "DoNotDisturb": "#8b1a12",
    "BeRightBack": "#f0b400",
    "Away": "#f7d774",
    "Offline": "#c9ced3",
}
#: Of those that have no colour of their own.
OTHER = "#9b8fc0"

LEFT, TOP, ROW, HOUR = 160, 30, 26, 36


class Record(NamedTuple):
    """What was told, and when: of somebody, or of the connection."""

    at: datetime
    name: str
    availability: str
    connection: Optional[str]


def read(lines: Iterable[str]) -> List[Record]:
    """Read the log."""
    records = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            at, connection = datetime.fromisoformat(told["time"]), told.get("connection")
            name = "" if connection else told["name"] or told["uri"]
            records.append(Record(at, name, told.get("availability") or "unknown", connection))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"line {number} is no record of record_day.py: {error!r}") from error
    return records


class Span(NamedTuple):
    """From when to when somebody was so."""

    start: datetime
    end: datetime
    availability: str


def spans(records: Iterable[Record], end: datetime) -> Dict[str, List[Span]]:
    """Tell by name who was how, and until when.

    While the connection was lost nothing is known, nor after the last line.
    """
    now: Dict[str, Tuple[datetime, str]] = {}
    drawn: Dict[str, List[Span]] = {}
    before_loss: Dict[str, str] = {}
    at = end

    def ends(name: str, at: datetime) -> None:
        start, availability = now.pop(name)
        if at > start:
            drawn[name].append(Span(start, at, availability))

    for record in records:
        at = record.at
        if at >= end:
            at = end
            break
        if record.connection == "restored":
            # Who has not changed meanwhile is not told of again.
            for name, availability in before_loss.items():
                now.setdefault(name, (at, availability))
            before_loss = {}
        elif record.connection is not None:
            if record.connection == "interrupted":
                before_loss.update({name: availability for name, (_, availability) in now.items()})
            else:
                before_loss = {}
            for name in list(now):
                ends(name, at)
        else:
            drawn.setdefault(record.name, [])
            if record.name in now:
                ends(record.name, at)
            before_loss.pop(record.name, None)
            now[record.name] = at, record.availability
    for name in list(now):
        ends(name, at)
    return drawn


def svg(day: date, rows: Dict[str, List[Span]], start: datetime, end: datetime) -> str:
    """Draw the rows."""

    def x(at: datetime) -> float:
        return LEFT + (min(max(at, start), end) - start) / timedelta(hours=1) * HOUR

    width, bottom = x(end) + 20, TOP + ROW * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{bottom + 50:g}" '
        'font-family="sans-serif" font-size="12">',
        f"<title>{day.isoformat()}</title>",
        f'<text x="8" y="{TOP - 10}" font-weight="bold">{day.isoformat()}</text>',
    ]
    for hour in range(0, 25, 2):
        at = LEFT + hour * HOUR
        parts.append(f'<line x1="{at}" y1="{TOP}" x2="{at}" y2="{bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{at}" y="{TOP - 10}" text-anchor="middle" fill="#666">{hour:02}</text>')
    for number, (name, spent) in enumerate(sorted(rows.items())):
        y = TOP + ROW * number
        parts.append(f'<text x="8" y="{y + 17}">{escape(name)}</text>')
        for span in spent:
            if span.end <= start or span.start >= end:
                continue
            left, right = x(span.start), x(span.end)
            times = f"{span.start.astimezone():%H:%M}-{span.end.astimezone():%H:%M}"
            parts.append(
                f'<rect x="{left:.1f}" y="{y + 3}" width="{right - left:.1f}" height="{ROW - 6}" '
                f'fill="{COLOURS.get(span.availability, OTHER)}">'
                f"<title>{escape(name)}: {escape(span.availability)} {times}</title></rect>"
            )
    for number, (availability, colour) in enumerate(COLOURS.items()):
        at = LEFT + number * 105
        parts.append(f'<rect x="{at}" y="{bottom + 18}" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{at + 16}" y="{bottom + 28}">{availability}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main(log: str, drawing: str, day: Optional[date]) -> None:
    """Read the log and write the drawing."""
    with open(log, encoding="utf-8") as file:
        records = read(file)
    if not records:
        raise ValueError(f"{log} is empty")
    day = day or records[-1].at.astimezone().date()
    start = datetime(day.year, day.month, day.day).astimezone()
    end = start + timedelta(days=1)
    rows = spans(records, end)
    with open(drawing, "w", encoding="utf-8") as file:
        file.write(svg(day, rows, start, end))
    print(f"{day.isoformat()}: {len(rows)} people, drawn to {drawing}")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: plot_day.py LOG SVG [DATE]")
    try:
        main(sys.argv[1], sys.argv[2], date.fromisoformat(sys.argv[3]) if len(sys.argv) == 4 else None)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
