from __future__ import annotations

import pytest
import ucwa
from conftest import SARA
from ucwa.testing import Simulator


def test_groups(app: ucwa.Application) -> None:
    groups = app.groups()
    assert (groups[0].rel, groups[0].name, groups[0].uri) == ("pinnedGroup", "Pinned Contacts", None)
    assert {"Sales", "Support", "Büro Köln – 2. Stock"} <= {group.name for group in groups}
    distribution = next(group for group in groups if group.rel == "distributionGroup")
    assert distribution.uri is not None and distribution.uri.startswith("sip:")


def test_contacts(app: ucwa.Application) -> None:
    contacts = {contact.uri: contact for contact in app.contacts()}
    sara = contacts[SARA]
    assert (sara.name, sara.title, sara.department) == ("Sara Davis", "Sales Manager", "Sales & Marketing")
    assert (sara.company, sara.office) == ("Contoso", "20/1101")
    assert sara.email_addresses == ("SaraD@contoso.com",)
    assert (sara.work_phone_number, sara.home_phone_number) == ("tel:+14255550101;ext=50101", None)
    assert sara.mobile_phone_number == "tel:+14255550199"
    assert sara.type is ucwa.ContactType.USER
    assert sara.source_network is ucwa.SourceNetwork.SAME_ENTERPRISE
    assert sara.expires is None
    alone = app.contact(SARA)
    assert alone.expires is not None and alone.expires.tzinfo is not None
    assert (alone.uri, alone.etag) == (sara.uri, sara.etag)


def test_search(app: ucwa.Application) -> None:
    found = app.search_contacts("sara")
    assert SARA in [contact.uri for contact in found.contacts]
    assert found.more_results_available is False
    found = app.search_contacts("sa", limit=1)
    assert len(found.contacts) + len(found.distribution_groups) == 1
    assert found.more_results_available is True
    team = app.search_contacts("Sales Team").distribution_groups
    assert [group.uri for group in team] == ["sip:salesteam@contoso.com"]
    for limit in (-1, 101, 1 << 40):
        with pytest.raises(ucwa.InvalidArgumentError):
            app.search_contacts("sara", limit)


def test_more_of_one_contact(app: ucwa.Application) -> None:
    note = app.contact_note(SARA)
    assert (note.uri, note.message, note.type) == (SARA, "Back on Monday", ucwa.NoteType.PERSONAL)
    assert app.contact_note("emmal@contoso.com").type is ucwa.NoteType.OUT_OF_OFFICE
    assert app.contact_location(SARA).location == "Redmond"
    modalities = app.contact_supported_modalities("sip:ManishC@contoso.com").modalities
    assert set(modalities) == {"Messaging", ucwa.Modality.AUDIO, "Video"}


def test_privacy(app: ucwa.Application) -> None:
    assert app.contact_privacy_relationship(SARA).relationship_level is ucwa.RelationshipLevel.WORKGROUP
    app.set_contact_privacy_relationship(SARA, ucwa.RelationshipLevel.BLOCKED)
    assert app.contact_privacy_relationship(SARA).relationship_level == "Blocked"
    app.reset_contact_privacy_relationship(SARA)
    assert app.contact_privacy_relationship(SARA).relationship_level != "Blocked"


def test_photos(app: ucwa.Application) -> None:
    photo = app.contact_photo(SARA)
    assert photo.media_type.startswith("image/") and len(photo.data) > 100
    assert app.contact_photo(SARA, size="HR96X96").media_type == photo.media_type
    assert str(photo.data) not in repr(photo)
    with pytest.raises(ucwa.InvalidArgumentError, match="HR96X96"):
        app.contact_photo(SARA, "big")


def test_changing_the_contact_list(simulator: Simulator, app: ucwa.Application) -> None:
    group = app.add_group("Night shift")
    assert group.name == "Night shift" and group.id is not None
    membership = app.add_contact("sip:YukiS@contoso.com", group)
    assert membership.uri.lower() == "sip:yukis@contoso.com"
    assert [contact.uri for contact in app.group_contacts(group)] == ["sip:YukiS@contoso.com"]
    app.rename_group(group, "Day shift")
    assert "Day shift" in [group.name for group in app.groups()]
    app.remove_contact("sip:YukiS@contoso.com", "Day shift")
    assert app.group_contacts("Day shift") == []
    app.add_contact("sip:YukiS@contoso.com")
    assert "sip:YukiS@contoso.com" in [contact.uri for contact in app.contacts()]
    app.remove_contact("sip:YukiS@contoso.com")
    assert "sip:YukiS@contoso.com" not in [contact.uri for contact in app.contacts()]
    app.remove_group("Day shift")
    assert "Day shift" not in [group.name for group in app.groups()]
    assert {change["kind"] for change in simulator.changes()} >= {"added", "deleted"}


def test_a_name_that_fits_several_groups(app: ucwa.Application) -> None:
    # The server takes a name twice from nobody, but a distribution group may be called so already.
    made = [next(group for group in app.groups() if group.name == "All Engineering"), app.add_group("All Engineering")]
    with pytest.raises(ucwa.ConflictError) as failure:
        app.group_presence("All Engineering")
    assert set(failure.value.ids) == {group.id for group in made}
    assert app.group_presence(made[1]) == []
