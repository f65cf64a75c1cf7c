from __future__ import annotations

from datetime import datetime, timezone

import pytest
import ucwa
from conftest import MANISH, NOBODY, SARA
from ucwa.testing import Simulator


def test_presence_of_one(app: ucwa.Application) -> None:
    presence = app.contact_presence("sarad@contoso.com")
    assert (presence.uri, presence.name) == (SARA, "Sara Davis")
    assert presence.availability == "Offline"
    assert presence.availability is ucwa.Availability.OFFLINE
    assert presence.device_type == ucwa.DeviceType.UNKNOWN
    assert presence.last_active == datetime(2013, 1, 22, 3, 58, 16, tzinfo=timezone.utc)
    assert presence.href is not None and presence.href.startswith("https://")
    assert (presence.activity, presence.error, presence.note, presence.raw) == (None, None, None, {})


def test_every_presence_is_read_anew(simulator: Simulator, app: ucwa.Application) -> None:
    app.contact_presence(SARA)
    simulator.set_presence(SARA, "Busy", activity="in-a-meeting", device_type="PC")
    presence = app.contact_presence(SARA)
    assert (presence.availability, presence.activity, presence.device_type) == ("Busy", "in-a-meeting", "PC")
    simulator.set_presence(SARA, forget=["activity"])
    assert app.contact_presence(SARA).activity is None


def test_values_that_are_unknown_yet_are_handed_on(simulator: Simulator, app: ucwa.Application) -> None:
    simulator.set_presence(SARA, "Hiding", device_type="Wristwatch")
    presence = app.contact_presence(SARA)
    assert presence.availability == "Hiding"
    assert isinstance(presence.availability, ucwa.Availability)
    assert presence.device_type == "Wristwatch"


def test_many_keep_their_places(simulator: Simulator, app: ucwa.Application) -> None:
    simulator.forget_requests()
    presences = app.contacts_presence(iter([MANISH, NOBODY, "no address", SARA, "manishc@contoso.com"]))
    assert [presence.availability for presence in presences] == ["Busy", None, None, "Offline", "Busy"]
    assert presences[1].uri == NOBODY
    assert isinstance(presences[1].error, ucwa.NotFoundError)
    assert isinstance(presences[2].error, ucwa.InvalidArgumentError)
    assert presences[0] == presences[4]
    assert simulator.count("contactPresence") == 0, "they come in batches"


def test_what_is_included(simulator: Simulator, app: ucwa.Application) -> None:
    app.contacts_presence([SARA, MANISH])
    simulator.fault("status", route="contactLocation", path="manishc", status=403, times=None)
    sara, manish = app.contacts_presence([SARA, MANISH], include=["note", "location", "contact"])
    assert sara.note is not None and (sara.note.message, sara.note.type) == ("Back on Monday", "Personal")
    assert sara.location is not None and (sara.location.uri, sara.location.location) == (SARA, "Redmond")
    assert sara.contact is not None and sara.contact.title == "Sales Manager"
    assert manish.error is None and manish.availability == "Busy"
    assert manish.location is not None and isinstance(manish.location.error, ucwa.ForbiddenError)
    assert manish.location.location is None


def test_a_text_is_no_list_of_contacts(app: ucwa.Application) -> None:
    with pytest.raises(TypeError, match="contacts takes several"):
        app.contacts_presence(SARA)
    with pytest.raises(TypeError, match="include takes several"):
        app.contacts_presence([SARA], include="note")
    with pytest.raises(ucwa.InvalidArgumentError, match="cannot be included"):
        app.contacts_presence([SARA], include=["photo"])


def test_a_whole_group(app: ucwa.Application) -> None:
    presences = app.group_presence("Sales")
    assert [presence.name for presence in presences][:2] == ["Sara Davis", "Manish Chopra"]
    assert all(presence.error is None for presence in presences)


def test_what_was_told_can_be_given(app: ucwa.Application) -> None:
    sales = next(group for group in app.groups() if group.name == "Sales")
    presences = app.group_presence(sales)
    assert app.contact_presence(presences[0]).name == "Sara Davis"
    assert [contact.uri for contact in app.group_contacts(sales)] == [presence.uri for presence in presences]
    assert app.contacts_presence(app.group_contacts(sales)) == presences
