"""Live presence, on a server whose clock runs a hundred times as fast."""

from __future__ import annotations

import _thread
import select
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, List

import pytest
import ucwa
from conftest import LONG, MANISH, NOBODY, SARA, shows, until, wait_until
from ucwa.testing import Simulator

#: What a caller passes who does not expect to wait so long.


def test_the_present_state_then_each_change(fast: Simulator, listener: ucwa.Application) -> None:
    with listener.subscribe([SARA, listener.contact(MANISH)]) as subscription:
        assert set(subscription.contacts) == {SARA, MANISH}
        first = [listener.next_event(LONG), listener.next_event(LONG)]
        assert {event.uri for event in first if isinstance(event, ucwa.PresenceEvent)} == {SARA, MANISH}
        fast.set_presence(SARA, "Busy", activity="in-a-meeting")
        event = listener.next_event(LONG)
        assert isinstance(event, ucwa.PresenceEvent) and event.subscriptions == (subscription.id,)
        assert event.presence.activity == "in-a-meeting" and event.presence.name == "Sara Davis"
        assert event.presence == listener.contact_presence(SARA)
        assert list(listener.events(timeout=0)) == []
    assert fast.subscriptions()["subscribed"] == [] or listener.health().subscriptions == 0
    wait_until(lambda: fast.subscriptions()["subscribed"] == [])


def test_what_else_is_told(listener: ucwa.Application) -> None:
    listener.subscribe_presence([SARA], include=["note", "location", "contact"])
    told = [listener.next_event(LONG) for _ in range(4)]
    assert {type(event) for event in told} == {
        ucwa.PresenceEvent,
        ucwa.NoteEvent,
        ucwa.LocationEvent,
        ucwa.ContactEvent,
    }
    note = next(event for event in told if isinstance(event, ucwa.NoteEvent))
    assert note.note == listener.contact_note(SARA)


def test_a_subscription_changes(fast: Simulator, listener: ucwa.Application) -> None:
    subscription = listener.subscribe([SARA])
    until(listener, shows(SARA, "Offline"))
    subscription.add([MANISH])
    assert set(subscription.contacts) == {SARA, MANISH}
    until(listener, shows(MANISH, "Busy"))
    subscription.remove(["sarad@CONTOSO.com"])
    assert subscription.contacts == (MANISH,) and subscription.id in repr(subscription)
    changed = listener.change_subscription(subscription.id, add=[SARA], remove=[MANISH])
    assert (changed.id, changed.contacts) == (subscription.id, (SARA,))
    until(listener, shows(SARA, "Offline"))
    with pytest.raises(ucwa.InvalidArgumentError, match="element 0"):
        subscription.add(["no address"])
    with pytest.raises(TypeError, match="put the one into a list"):
        subscription.add(SARA)
    listener.unsubscribe_presence(subscription.id)
    subscription.close()
    with pytest.raises(ucwa.NotFoundError):
        listener.unsubscribe_presence(subscription.id)
    with pytest.raises(ucwa.NotFoundError):
        subscription.add([SARA])


def test_groups(fast: Simulator, listener: ucwa.Application) -> None:
    subscription = listener.subscribe_group("Sales")
    assert set(subscription.contacts) == {contact.uri for contact in listener.group_contacts("Sales")}
    with pytest.raises(ucwa.ConflictError):
        subscription.add([SARA])
    until(listener, shows(SARA, "Offline"))
    fast.set_presence(SARA, "Away")
    until(listener, shows(SARA, "Away"))
    subscription.close()
    group = listener.groups()[0]
    assert listener.subscribe_group_presence(group).id != subscription.id


def test_the_contact_list(listener: ucwa.Application) -> None:
    with listener.subscribe_contacts_and_groups() as lists:
        assert set(lists.contacts) == {contact.uri for contact in listener.contacts()}
        listener.add_group("Friends")
        added = listener.next_event(LONG)
        assert isinstance(added, ucwa.GroupAdded) and added.group.name == "Friends"
        assert added.subscriptions == (lists.id,)
        listener.add_contact(SARA, added.group)
        joined = listener.next_event(LONG)
        assert isinstance(joined, ucwa.ContactAdded) and joined.uri == SARA and joined.group == added.group
        assert joined.contact.name == "Sara Davis"
        listener.rename_group(added.group, "Old friends")
        renamed = listener.next_event(LONG)
        assert isinstance(renamed, ucwa.GroupUpdated) and renamed.group.name == "Old friends"
        listener.remove_group(added.group)
        left = [listener.next_event(LONG), listener.next_event(LONG)]
        assert [type(event) for event in left] == [ucwa.ContactRemoved, ucwa.GroupRemoved]


def test_refusals(fast: Simulator, listener: ucwa.Application) -> None:
    fast.refuse_subscriptions_to(MANISH)
    subscription = listener.subscribe([SARA, MANISH, "no address"])
    refused: Dict[str, ucwa.SubscriptionRefused] = {}
    while len(refused) < 2:
        event = until(listener, lambda event: isinstance(event, ucwa.SubscriptionRefused))[-1]
        assert isinstance(event, ucwa.SubscriptionRefused)
        refused[event.uri] = event
    assert set(refused) == {MANISH, "no address"}
    assert all(event.id == subscription.id for event in refused.values())
    assert isinstance(refused["no address"].error, ucwa.InvalidArgumentError)
    assert isinstance(refused[MANISH].error, ucwa.ForbiddenError)
    fast.refuse_subscriptions_to(MANISH, False)
    listener.subscribe([NOBODY])
    nobody = until(listener, lambda event: isinstance(event, ucwa.SubscriptionRefused))[-1]
    assert isinstance(nobody, ucwa.SubscriptionRefused) and isinstance(nobody.error, ucwa.NotFoundError)


def test_the_rest(listener: ucwa.Application, fast: Simulator) -> None:
    listener.subscribe([SARA])
    wait_until(lambda: fast.subscriptions()["pendingEvents"] == 1)
    listener.make_me_available(sign_in_as="Busy")
    event = until(listener, lambda event: isinstance(event, ucwa.ResourceEvent) and event.rel == "presence")[-1]
    assert isinstance(event, ucwa.ResourceEvent) and event.kind == "resource"
    assert listener.request("GET", event.href).body["availability"] == "Busy"


def test_none_came(listener: ucwa.Application) -> None:
    for timeout in (0, 0.05, 0.12):
        begin = time.monotonic()
        with pytest.raises(ucwa.CallTimeoutError, match=f"{timeout} s"):
            listener.next_event(timeout)
        assert time.monotonic() - begin >= timeout
        assert list(listener.events(timeout=timeout)) == []
    for nonsense in (-1, float("nan")):
        with pytest.raises(ucwa.InvalidArgumentError, match="number of seconds"):
            listener.next_event(nonsense)
    with pytest.raises(TypeError):
        listener.next_event("soon")  # type: ignore[arg-type]
    listener.subscribe([SARA])
    assert isinstance(listener.next_event(float("inf")), ucwa.PresenceEvent)


def test_whatever_becomes_of_the_server(fast: Simulator, listener: ucwa.Application) -> None:
    with listener.subscribe([SARA]) as subscription:
        until(listener, shows(SARA, "Offline"))
        for availability, trouble in [
            ("Busy", fast.restart),
            ("Away", fast.expire_subscriptions),
            ("Online", fast.cut_events),
            ("BeRightBack", fast.expire_tokens),
            ("Busy", fast.delete_applications),
        ]:
            wait_until(lambda: fast.subscriptions()["pendingEvents"] == 1)
            trouble()
            fast.set_presence(SARA, availability)
            told = until(listener, shows(SARA, availability))
            last = told[-1]
            assert isinstance(last, ucwa.PresenceEvent) and last.subscriptions == (subscription.id,)
        assert listener.health().applications > 1


def test_a_network_that_is_gone_for_a_while(fast: Simulator, listener: ucwa.Application) -> None:
    listener.subscribe([SARA])
    until(listener, shows(SARA, "Offline"))
    wait_until(lambda: fast.subscriptions()["pendingEvents"] == 1)
    fast.offline()
    interrupted = listener.next_event(LONG)
    assert isinstance(interrupted, ucwa.ConnectionEvent) and interrupted.state == "interrupted"
    assert isinstance(interrupted.error, ucwa.NetworkError)
    assert listener.health().connection is ucwa.ConnectionState.INTERRUPTED
    fast.offline(False)
    restored = until(listener, lambda event: isinstance(event, ucwa.ConnectionEvent))[-1]
    assert isinstance(restored, ucwa.ConnectionEvent)
    assert restored.state is ucwa.ConnectionState.RESTORED and restored.error is None


def test_health(fast: Simulator, listener: ucwa.Application) -> None:
    before = listener.health()
    assert (before.connection, before.subscriptions, before.applications, before.last_event) == ("none", 0, 1, None)
    assert before.token_expires is not None and before.token_expires.tzinfo is not None
    listener.subscribe([SARA, MANISH])
    wait_until(lambda: listener.health().waiting_events == 2)
    health = listener.health()
    assert (health.connection, health.subscriptions, health.contacts) == ("connected", 1, 2)
    assert (health.server_subscriptions, health.subscribed_contacts) == (1, 2)
    assert health.requests > before.requests and health.throttled == 0 and health.raw == {}
    listener.close()
    with pytest.raises(ucwa.ApplicationEndedError):
        listener.health()


def test_the_blocks_own_failure_is_seen(listener: ucwa.Application) -> None:
    with pytest.raises(ZeroDivisionError), listener.subscribe([SARA]):
        _ = 1 / 0
    assert listener.health().subscriptions == 0
    with listener.subscribe([SARA]) as subscription:
        subscription.close()
    with listener.subscribe([SARA]) as subscription:
        listener.close()
    subscription.close()
    with pytest.raises(ucwa.ApplicationEndedError):
        listener.subscribe([SARA])


@pytest.mark.parametrize("end", ["cancel", "sign_out", "close"])
def test_an_ending_wakes_who_waits(fast: Simulator, end: str) -> None:
    app = ucwa.sign_in(**fast.keys)
    app.subscribe([SARA])
    app.next_event(LONG)
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(app.next_event) for _ in range(4)]
        wait_until(lambda: all(call.running() for call in waiting))
        getattr(app, end)()
        assert all(isinstance(call.exception(LONG), ucwa.ApplicationEndedError) for call in waiting)
    app.close()


def test_each_event_goes_to_one(fast: Simulator) -> None:
    with Simulator(contacts=200) as simulator, ucwa.sign_in(**simulator.keys) as app:
        uris = [person["uri"] for person in simulator.people()]
        told: List[str] = []

        def take() -> None:
            for event in app.events(timeout=LONG):
                assert isinstance(event, ucwa.PresenceEvent)
                told.append(event.uri)

        with ThreadPoolExecutor(4) as threads:
            calls = [threads.submit(take) for _ in range(4)]
            subscribed = app.subscribe(uris)
            wait_until(lambda: len(told) >= len(subscribed.contacts))
            app.cancel()
            assert all(isinstance(call.exception(), ucwa.ApplicationEndedError) for call in calls)
        assert sorted(told) == sorted(subscribed.contacts)


def listens(app: ucwa.Application, waits: threading.Event) -> None:
    waits.set()
    list(app.events())


def test_ctrl_c_takes_no_event_with_it(fast: Simulator, listener: ucwa.Application) -> None:
    listener.subscribe([SARA])
    until(listener, shows(SARA, "Offline"))
    for _ in range(3):
        waits = threading.Event()

        def interrupt(waits: threading.Event = waits) -> None:
            assert waits.wait(LONG)
            _thread.interrupt_main()

        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            listens(listener, waits)
        thread.join()
    fast.set_presence(SARA, "Busy")
    wait_until(lambda: listener.health().waiting_events == 1)
    assert shows(SARA, "Busy")(listener.next_event(0))


def test_an_event_that_comes_together_with_ctrl_c_is_not_lost(fast: Simulator, listener: ucwa.Application) -> None:
    listener.subscribe([SARA])
    until(listener, shows(SARA, "Offline"))
    for state in ["Busy", "Online"] * 10:
        # The server gathers events for some time, which passes once Ctrl-C was pressed.
        fast.set_clock_speed(0)
        fast.set_presence(SARA, state)
        waits = threading.Event()

        def interrupt(waits: threading.Event = waits) -> None:
            assert waits.wait(LONG)
            _thread.interrupt_main()
            fast.advance(60)

        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            listens(listener, waits)
        thread.join()
        assert shows(SARA, state)(listener.next_event(LONG))
    assert list(listener.events(timeout=0)) == []


def test_other_threads_run_meanwhile(listener: ucwa.Application) -> None:
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(listener.next_event)
        for _ in range(20):
            assert listener.contact_presence(SARA).name == "Sara Davis"
        assert waiting.running()
        listener.subscribe([SARA])
        assert shows(SARA, "Offline")(waiting.result(LONG))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no descriptor here")
def test_a_descriptor_for_poll_loops(fast: Simulator, listener: ucwa.Application) -> None:
    descriptor = listener.event_descriptor()
    assert listener.event_descriptor() == descriptor

    def readable(seconds: float) -> bool:
        return select.select([descriptor], [], [], seconds)[0] == [descriptor]

    assert not readable(0)
    listener.subscribe([SARA, MANISH])
    for _ in range(2):
        assert readable(LONG)
        assert isinstance(listener.next_event(0), ucwa.PresenceEvent)
    assert not readable(0)
    with pytest.raises(ucwa.ConflictError, match="descriptor"):
        listener.set_event_callback(print)
    listener.cancel()
    assert readable(LONG), "a poll loop wakes when it is over"
    with pytest.raises(ucwa.ApplicationEndedError):
        listener.next_event(0)
