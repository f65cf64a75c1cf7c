from __future__ import annotations

import pytest
import ucwa
from conftest import SARA
from ucwa.testing import Simulator


def test_navigating(app: ucwa.Application) -> None:
    assert app.navigate()["rel"] == "application"
    presence = app.navigate("people/myContacts/contact[uri=sip:sarad@contoso.com]/contactPresence")
    assert presence["availability"] == "Offline"
    assert presence["lastActive"] == "/Date(1358827096000)/", "exactly as the server wrote it"
    with pytest.raises(ucwa.NotFoundError, match="peeple"):
        app.navigate("peeple")


def test_requests(app: ucwa.Application) -> None:
    answer = app.request("GET", "people/search?query=sara&limit=5")
    assert (answer.status, answer.location) == (200, None)
    assert answer.content_type is not None and "json" in answer.content_type
    assert answer.body["_embedded"]["contact"][0]["uri"] == SARA
    app.make_me_available()
    answer = app.request("POST", app.my_note().href or "", {"message": "Lift 3"})
    assert (answer.status, answer.body) == (204, None)
    assert app.my_note().message == "Lift 3"
    with pytest.raises(ucwa.InvalidArgumentError):
        app.request("GET", "https://elsewhere.example/")


def test_bodies_that_are_no_json(simulator: Simulator, app: ucwa.Application) -> None:
    assert app.request("GET", "me/photo").body == app.my_photo().data
    headers = {"Content-Type": "application/json"}
    simulator.fault("respond", route="me", status=200, headers=headers, body='{"base64":"AA=="}')
    assert app.request("GET", "me").body == {"base64": "AA=="}, "JSON that only looks so stays as it is"
    simulator.fault("respond", route="me", status=200, headers={"Content-Type": "text/plain"}, body="Lift 3")
    assert app.request("GET", "me").body == "Lift 3"


def test_the_application(simulator: Simulator, app: ucwa.Application) -> None:
    told = app.application()
    assert {"href", "endpointId", "culture", "userAgent"} <= set(told)
    again = ucwa.sign_in(**simulator.keys, application_url=told["href"], endpoint_id=told["endpointId"])
    assert again.application()["href"] == told["href"]
    again.close()
    assert simulator.count("applications") == 1
