"""Show one person's presence as a colour, live.

    python busy_light.py sip:SaraD@contoso.com

The lamp is a printed word here; another one is a class with a method ``show``. Ctrl-C ends it, and puts the lamp out.

Who signs in comes from the environment: see account.py.
"""

from __future__ import annotations

import sys
from typing import Optional, Protocol

import ucwa
from account import sign_in

#: What is not listed here, or not known, is dark.
COLOURS = {
    "Online": "green",
    "IdleOnline": "green",
    "Busy": "red",
    "IdleBusy": "red",
    "DoNotDisturb": "red, blinking",
    "BeRightBack": "yellow",
    "Away": "yellow",
}


class Light(Protocol):
    """A lamp."""

    def show(self, colour: Optional[str]) -> None:
        """Shine in a colour; None is out."""


class PrintedLight:
    """The lamp of those who have none."""

    def show(self, colour: Optional[str]) -> None:
        """Print the colour."""
        print(colour or "dark", flush=True)


def follow(app: ucwa.Application, contact: str, light: Light) -> None:
    """Let the lamp follow somebody's presence, until the application ends."""
    shown: Optional[str] = None
    with app.subscribe([contact]):
        for event in app.events():
            if isinstance(event, ucwa.PresenceEvent):
                shown = COLOURS.get(event.presence.availability or "")
                light.show(shown)
            elif isinstance(event, ucwa.SubscriptionRefused) and event.error:
                raise event.error
            elif isinstance(event, ucwa.ConnectionEvent):
                print(f"connection {event.state}: {event.error or 'all is well'}", file=sys.stderr, flush=True)
                if event.state == "stopped" and event.error:
                    raise event.error
                # Better dark than wrong. What has changed meanwhile is told; what has not, is as it was.
                light.show(shown if event.state == "restored" else None)


def main(contact: str) -> None:
    """Sign in and follow."""
    light = PrintedLight()
    with sign_in() as app:
        try:
            follow(app, contact, light)
        finally:
            light.show(None)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: busy_light.py CONTACT")
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        pass
    except ucwa.UcwaError as error:
        sys.exit(f"error: {error}")
