"""What events are, whatever server told of them."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import sys
from typing import Any, Dict, List, Type

import pytest
import ucwa
from ucwa import _events

ERROR = {"status": "UCWA_NETWORK", "message": "the connection was lost"}

TOLD: List[Any] = [
    (ucwa.PresenceEvent, {"event": "presence", "uri": "sip:a@b", "presence": {"availability": "Busy"}}),
    (ucwa.NoteEvent, {"event": "note", "uri": "sip:a@b", "note": {"message": "Lift 3"}}),
    (ucwa.LocationEvent, {"event": "location", "uri": "sip:a@b", "location": {"location": "Lift 3"}}),
    (ucwa.ContactEvent, {"event": "contact", "uri": "sip:a@b", "contact": {"name": "A"}}),
    (ucwa.ContactAdded, {"event": "contactAdded", "uri": "sip:a@b", "contact": {"name": "A"}, "group": {"id": "1"}}),
    (ucwa.ContactRemoved, {"event": "contactRemoved", "uri": "sip:a@b", "contact": {"name": "A"}}),
    (ucwa.GroupAdded, {"event": "groupAdded", "group": {"id": "1", "name": "Sales"}}),
    (ucwa.GroupUpdated, {"event": "groupUpdated", "group": {"id": "1", "name": "Sales"}}),
    (ucwa.GroupRemoved, {"event": "groupRemoved", "group": {"id": "1", "name": "Sales"}}),
    (
        ucwa.SubscriptionRefused,
        {"event": "subscription", "id": "7", "uri": "sip:a@b", "state": "refused", "error": ERROR},
    ),
    (ucwa.ConnectionEvent, {"event": "connection", "state": "interrupted", "error": ERROR}),
    (ucwa.LaggedEvent, {"event": "lagged", "dropped": 12}),
    (
        ucwa.ResourceEvent,
        {
            "event": "resource",
            "type": "completed",
            "rel": "call",
            "href": "/c",
            "status": "Failure",
            "reason": {"x": 1},
        },
    ),
    (ucwa.Event, {"event": "subscription", "state": "paused"}),
    (ucwa.Event, {"event": "moonrise", "moons": [1, 2]}),
]


@pytest.mark.parametrize(("kind", "told"), TOLD)
def test_each_kind_has_its_class(kind: Type[ucwa.Event], told: Dict[str, Any]) -> None:
    told = {**told, "subscriptions": ["7"], "weather": "fine"}
    event = _events.from_json(json.dumps(told))
    assert type(event) is kind and isinstance(event, ucwa.Event)
    assert event.kind == told["event"] and event.raw["weather"] == "fine"
    assert getattr(event, "subscriptions", ("7",)) == ("7",)
    other = _events.from_json(json.dumps({**told, "weather": "rain"}))
    again = _events.from_json(json.dumps(told))
    assert event == again and hash(event) == hash(again) and event != other
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(event, protocol)) == event
    assert copy.deepcopy(event) == event
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.kind = "another"  # type: ignore[misc]


def test_every_class_is_told() -> None:
    assert {kind for kind, _ in TOLD} == {ucwa.Event, *ucwa.Event.__subclasses__()}
    for kind in ucwa.Event.__subclasses__():
        assert getattr(ucwa, kind.__name__) is kind


def test_what_they_hold() -> None:
    events = {type(event): event for event in (_events.from_json(json.dumps(told)) for _, told in TOLD)}
    assert events[ucwa.PresenceEvent] == ucwa.PresenceEvent("sip:a@b", ucwa.Presence("sip:a@b", availability=BUSY))
    assert events[ucwa.NoteEvent] == ucwa.NoteEvent("sip:a@b", ucwa.Note("sip:a@b", "Lift 3"))
    assert events[ucwa.LocationEvent] == ucwa.LocationEvent("sip:a@b", ucwa.Location("sip:a@b", "Lift 3"))
    contact = ucwa.Contact("sip:a@b", "A")
    assert events[ucwa.ContactEvent] == ucwa.ContactEvent("sip:a@b", contact)
    assert events[ucwa.ContactAdded] == ucwa.ContactAdded("sip:a@b", contact, ucwa.Group(id="1"))
    assert events[ucwa.ContactRemoved] == ucwa.ContactRemoved("sip:a@b", contact)
    assert events[ucwa.GroupAdded] == ucwa.GroupAdded(ucwa.Group(id="1", name="Sales"))
    error = ucwa.NetworkError("the connection was lost", ERROR)
    assert events[ucwa.SubscriptionRefused] == ucwa.SubscriptionRefused("7", "sip:a@b", error)
    assert events[ucwa.ConnectionEvent] == ucwa.ConnectionEvent(ucwa.ConnectionState.INTERRUPTED, error)
    assert events[ucwa.LaggedEvent] == ucwa.LaggedEvent(12)
    assert events[ucwa.ResourceEvent] == ucwa.ResourceEvent("completed", "call", "/c", "Failure", {"x": 1})
    assert events[ucwa.Event] == ucwa.Event("moonrise", {"moons": [1, 2]})


BUSY = ucwa.Availability.BUSY


def test_a_repr_tells_what_happened() -> None:
    assert repr(ucwa.LaggedEvent(12)) == "LaggedEvent(dropped=12)"
    assert repr(ucwa.Event("moonrise")) == "Event(kind='moonrise')"
    presence = ucwa.Presence("sip:a@b", availability=BUSY)
    assert repr(ucwa.PresenceEvent("sip:a@b", presence, ("7",))) == (
        "PresenceEvent(uri='sip:a@b', presence=Presence(uri='sip:a@b', availability=<Availability.BUSY: 'Busy'>), "
        "subscriptions=('7',))"
    )


@pytest.mark.skipif(sys.version_info < (3, 10), reason="there is no match statement here")
def test_they_can_be_matched() -> None:
    code = """
match event:
    case PresenceEvent(uri, Presence(availability="Busy" | "DoNotDisturb")):
        found = uri, "leave alone"
    case PresenceEvent(uri, presence):
        found = uri, presence.availability
    case ConnectionEvent("interrupted", error):
        found = error
    case LaggedEvent(dropped):
        found = dropped
    case Event("moonrise"):
        found = "moon"
    case _:
        found = None
"""

    def found(event: ucwa.Event) -> Any:
        names: Dict[str, Any] = {**vars(ucwa), "event": event}
        exec(code, names)
        return names["found"]

    assert found(ucwa.PresenceEvent("sip:a@b", ucwa.Presence("sip:a@b", availability=BUSY))) == (
        "sip:a@b",
        "leave alone",
    )
    away = ucwa.Presence("sip:a@b", availability=ucwa.Availability.AWAY)
    assert found(ucwa.PresenceEvent("sip:a@b", away)) == ("sip:a@b", "Away")
    error = ucwa.NetworkError("gone")
    assert found(ucwa.ConnectionEvent(ucwa.ConnectionState.INTERRUPTED, error)) is error
    assert found(ucwa.LaggedEvent(3)) == 3 and found(ucwa.Event("moonrise")) == "moon"
    assert found(ucwa.GroupAdded(ucwa.Group())) is None
