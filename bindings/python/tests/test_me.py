from __future__ import annotations

import json
from datetime import timedelta

import pytest
import ucwa
from ucwa import _arguments
from ucwa.testing import Simulator


def test_me(app: ucwa.Application) -> None:
    me = app.me()
    assert (me.uri, me.name, me.office) == ("sip:lenea@contoso.com", "Lene Aaling", "18/2100")
    assert me.type is None


def test_being_available(simulator: Simulator, app: ucwa.Application) -> None:
    with pytest.raises(ucwa.UcwaError):
        app.my_presence()
    app.make_me_available(
        sign_in_as=ucwa.Availability.BUSY,
        supported_modalities=("Messaging",),
        inactive_timeout=timedelta(minutes=10),
        audio_preference="PhoneAudio",
    )
    assert app.my_presence().availability is ucwa.Availability.BUSY
    app.report_my_activity()
    assert simulator.count("reportMyActivity") == 1
    app.set_my_presence(ucwa.Availability.AWAY)
    assert app.my_presence().availability == "Away"
    assert app.contact_presence("sip:lenea@contoso.com").availability == "Away"
    app.reset_my_presence()
    assert app.my_presence().availability != "Away"


def test_options_of_being_available(app: ucwa.Application) -> None:
    with pytest.raises(ucwa.InvalidArgumentError):
        app.make_me_available(keep_active="yes")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="keep_activ"):
        app.make_me_available(keep_activ=True)  # type: ignore[call-arg]
    app.make_me_available(keep_active=True, options={"signInAs": "Online"})
    assert app.my_presence().availability == "Online"
    with pytest.raises(ucwa.InvalidArgumentError):
        app.make_me_available(options={"keepActive": "perhaps"})
    with pytest.raises(ValueError, match="negative"):
        app.make_me_available(inactive_timeout=timedelta(minutes=-10))


@pytest.mark.parametrize(("time", "text"), [(90, "PT90S"), (0.9, "PT0.9S"), (600, "PT600S"), (0, "PT0S")])
def test_durations(time: float, text: str) -> None:
    options = json.loads(_arguments.availability_json(False, {}, {"inactiveTimeout": timedelta(seconds=time)}))
    assert options == {"keepActive": False, "inactiveTimeout": text}


def test_note_and_location(app: ucwa.Application) -> None:
    app.make_me_available()
    app.set_my_note("Lift 3")
    note = app.my_note()
    assert (note.uri, note.message, note.type) == (None, "Lift 3", "Personal")
    app.reset_my_note()
    assert not app.my_note().message
    app.set_my_location("Köln")
    assert app.my_location().location == "Köln"
    app.reset_my_location()
    assert not app.my_location().location


def test_phones_and_photo(app: ucwa.Application) -> None:
    work = next(phone for phone in app.my_phones() if phone.type is ucwa.PhoneType.WORK)
    assert (work.number, work.include_in_contact_card) == ("tel:+14255550100;ext=50100", True)
    assert app.my_photo().media_type.startswith("image/")
