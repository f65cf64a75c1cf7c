"""Live presence for asyncio."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
from typing import List, Set

import pytest
import ucwa
import ucwa.aio
from conftest import LONG, MANISH, SARA, shows
from ucwa.testing import Simulator


def test_following(fast: Simulator) -> None:
    async def main() -> None:
        async with await ucwa.aio.sign_in(**fast.keys) as app:
            async with await app.subscribe([SARA]) as subscription:
                assert subscription.contacts == (SARA,) and subscription.id in repr(subscription)
                async for event in app.events(timeout=LONG):
                    if shows(SARA, "Offline")(event):
                        fast.set_presence(SARA, "Busy")
                    elif shows(SARA, "Busy")(event):
                        break
                await subscription.add([MANISH])
                assert set(subscription.contacts) == {SARA, MANISH}
                assert shows(MANISH, "Busy")(await app.next_event())
                await subscription.remove([SARA])
            assert (await app.health()).subscriptions == 0
            assert [event async for event in app.events(timeout=0.2)] == []
            for timeout in (0, 0.05):
                with pytest.raises(ucwa.CallTimeoutError, match=f"{timeout} s"):
                    await app.next_event(timeout)
            for nonsense in (-1, float("nan")):
                with pytest.raises(ucwa.InvalidArgumentError):
                    await app.next_event(nonsense)
            with pytest.raises(ZeroDivisionError):
                async with await app.subscribe_group("Sales"):
                    _ = 1 / 0
            lists = await app.subscribe_contacts_and_groups()
            changed = await app.change_subscription((await app.subscribe_presence([SARA])).id, remove=[SARA])
            assert changed.contacts == ()
            await app.unsubscribe_presence(lists.id)
            await lists.close()
        with pytest.raises(ucwa.ApplicationEndedError):
            await app.next_event()

    asyncio.run(main())


def test_the_loop_goes_on_while_somebody_waits(fast: Simulator) -> None:
    async def main() -> None:
        async with await ucwa.aio.sign_in(**fast.keys) as app:
            waiting = asyncio.create_task(app.next_event())
            # Calls that hang hold up no event.
            fast.fault("hang", route="contactNote", times=None)
            hanging = [asyncio.create_task(app.contact_note(SARA)) for _ in range(40)]
            while fast.count("contactNote") < 32:
                await asyncio.sleep(0)
            assert not waiting.done()
            other = ucwa.aio.Application(app._blocking)
            await other.subscribe([SARA])
            assert shows(SARA, "Offline")(await waiting)
            for call in hanging:
                call.cancel()
            await asyncio.gather(*hanging, return_exceptions=True)

    asyncio.run(main())


def test_cancelled_tasks_take_no_event_with_them() -> None:
    async def main() -> None:
        with Simulator(contacts=200) as simulator:
            async with await ucwa.aio.sign_in(**simulator.keys) as app:
                told: List[str] = []

                async def take() -> None:
                    async for event in app.events():
                        assert isinstance(event, ucwa.PresenceEvent)
                        told.append(event.uri)
                        # So that cancelling has every chance to come at the wrong time.
                        await asyncio.sleep(0)

                tasks: Set[asyncio.Task[None]] = set()
                subscribed = await app.subscribe([person["uri"] for person in simulator.people()])
                chance = random.Random(7)
                while len(told) < len(subscribed.contacts):
                    tasks.add(asyncio.create_task(take()))
                    for _ in range(chance.randrange(8)):
                        await asyncio.sleep(0)
                    if len(tasks) > 3:
                        victim = tasks.pop()
                        victim.cancel()
                        await asyncio.gather(victim, return_exceptions=True)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                assert sorted(told) == sorted(subscribed.contacts), "each once"

    asyncio.run(main())


def test_a_cancelled_wait_is_over_at_once(fast: Simulator) -> None:
    async def main() -> None:
        async with await ucwa.aio.sign_in(**fast.keys) as app:
            waiting = asyncio.create_task(app.next_event())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await app.subscribe([SARA])
            assert shows(SARA, "Offline")(await app.next_event(LONG))

    asyncio.run(main())


@pytest.mark.parametrize("end", ["cancel", "sign_out", "close"])
def test_an_ending_wakes_who_waits(fast: Simulator, end: str) -> None:
    async def main() -> None:
        app = await ucwa.aio.sign_in(**fast.keys)
        waiting = [asyncio.create_task(app.next_event()) for _ in range(4)]
        await asyncio.sleep(0)
        await getattr(app, end)()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(result, ucwa.ApplicationEndedError) for result in results), results
        await app.close()

    asyncio.run(main())


def test_pushed_into_a_loop(fast: Simulator) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with await ucwa.aio.sign_in(**fast.keys) as app:
            told: asyncio.Queue[ucwa.Event] = asyncio.Queue()

            def take(event: ucwa.Event) -> None:
                assert threading.current_thread() is not threading.main_thread()
                loop.call_soon_threadsafe(told.put_nowait, event)

            await app.set_event_callback(take)
            await app.subscribe([SARA])
            assert shows(SARA, "Offline")(await told.get())
            with pytest.raises(ucwa.ConflictError):
                await app.next_event()
            await app.set_event_callback(None)
            with pytest.raises(ucwa.CallTimeoutError):
                await app.next_event(0)
            if sys.platform != "win32":
                assert await app.event_descriptor() >= 0

    asyncio.run(main())


def test_events_are_awaited_or_go_to_a_callback(fast: Simulator) -> None:
    async def main() -> None:
        async with await ucwa.aio.sign_in(**fast.keys) as app:
            waiting = asyncio.ensure_future(app.next_event())
            await asyncio.sleep(0)
            with pytest.raises(ucwa.ConflictError, match="waits"):
                await app.set_event_callback(print)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            told: List[ucwa.Event] = []
            await app.set_event_callback(told.append)
            with pytest.raises(ucwa.ConflictError, match="callback"):
                await app.next_event(LONG)
            await app.subscribe([SARA])
            while not told:
                await asyncio.sleep(0.001)
            await app.set_event_callback(None)
            fast.set_presence(SARA, "Busy")
            assert shows(SARA, "Busy")(await app.next_event(LONG))

    asyncio.run(main())
