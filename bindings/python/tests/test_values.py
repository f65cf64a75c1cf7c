from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from datetime import datetime, timezone

import pytest
import ucwa
from conftest import NOBODY, SARA
from ucwa._values import Contact, Presence


def test_values_are_equal_by_what_they_hold(app: ucwa.Application) -> None:
    one, other = app.contact_presence(SARA), app.contact_presence(SARA)
    assert one is not other and one == other and hash(one) == hash(other)
    assert one != app.contact_presence("sip:ManishC@contoso.com")
    assert len({one, other}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.name = "Somebody"  # type: ignore[misc]


def test_everything_can_be_pickled(app: ucwa.Application) -> None:
    values = [
        *app.contacts_presence([SARA, NOBODY], include=["note", "location", "contact"]),
        *app.groups(),
        app.me(),
        app.my_phones(),
        app.search_contacts("sa"),
        app.contact_supported_modalities(SARA),
        app.contact_privacy_relationship(SARA),
        app.contact_photo(SARA),
        app.request("GET", "me"),
    ]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(values, protocol)) == values
    assert copy.deepcopy(values) == values
    hash(values[1])


def test_a_repr_tells_what_was_said() -> None:
    assert repr(Presence._of({"uri": "sip:a@b", "availability": "Busy"})) == (
        "Presence(uri='sip:a@b', availability=<Availability.BUSY: 'Busy'>)"
    )


def test_what_is_not_known_stays_in_raw() -> None:
    members = {
        "uri": "sip:a@b",
        "availability": 7,
        "shoeSize": 43,
        "lastActive": "yesterday",
        "expires": "9999999-01-01T00:00:00.000Z",
        "expiresUnixMs": 1 << 60,
    }
    presence = Presence._of(members)
    assert presence.availability is None and presence.last_active is None
    assert presence.raw == {name: value for name, value in members.items() if name != "uri"}
    assert Contact._of(members).expires is None
    assert presence != Presence._of({**members, "shoeSize": 44})
    old = Presence._of({"uri": "sip:a@b", "lastActive": "1969-12-31T23:59:59.999Z", "lastActiveUnixMs": -1})
    assert old.last_active == datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=timezone.utc)


@pytest.mark.parametrize("kind", ucwa.OpenEnum.__subclasses__())
def test_enumerations_are_texts(kind: type[ucwa.OpenEnum]) -> None:
    unknown = kind("Yet unknown")
    for value, text in [(unknown, "Yet unknown"), *((value, value.value) for value in kind)]:
        assert value == text and text == value
        assert not value != text
        assert hash(value) == hash(text) and {text: 1}[value] == 1
        assert (str(value), f"{value}", f"{value:>15}", "%s" % value) == (text, text, f"{text:>15}", text)
        assert json.dumps([value]) == json.dumps([text])
        assert kind(text) == value and isinstance(kind(text), kind)
        again = pickle.loads(pickle.dumps(value))
        assert again == value and type(again) is kind
    assert unknown not in list(kind)
    with pytest.raises(ValueError, match="7"):
        kind(7)  # type: ignore[arg-type]
