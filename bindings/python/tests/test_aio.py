from __future__ import annotations

import asyncio
import inspect
import threading

import pytest
import ucwa
import ucwa.aio
from conftest import SARA, wait_until
from ucwa.testing import Simulator


def test_reading(simulator: Simulator) -> None:
    async def main() -> None:
        async with await ucwa.aio.sign_in(**simulator.keys) as app:
            assert repr(app).startswith("<ucwa.aio.Application https://")
            presence = await app.contact_presence(SARA)
            assert presence.availability == "Offline"
            many, group, me = await asyncio.gather(
                app.contacts_presence([SARA], include=["note"]), app.group_presence("Sales"), app.me()
            )
            assert many[0].note is not None and len(group) > 1 and me.name == "Lene Aaling"
            await app.make_me_available(sign_in_as="Busy", audio_preference="PhoneAudio")
            assert (await app.my_presence()).availability == "Busy"
        with pytest.raises(ucwa.ApplicationEndedError):
            await app.me()
        assert simulator.overview()["applications"] == []

    asyncio.run(main())


def test_the_loop_goes_on(simulator: Simulator) -> None:
    async def main() -> None:
        async with await ucwa.aio.sign_in(**simulator.keys) as app:
            simulator.fault("hang", route="contactPresence", times=None)
            calls = [asyncio.create_task(app.contact_presence(SARA)) for _ in range(40)]
            while simulator.count("contactPresence") < 32:
                await asyncio.sleep(0)
            await app.cancel()
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(result, ucwa.ApplicationEndedError) for result in results)

    asyncio.run(main())


def test_signing_out_does_not_wait_its_turn(simulator: Simulator) -> None:
    async def main() -> None:
        app = await ucwa.aio.sign_in(**simulator.keys)
        simulator.fault("hang", route="contactPresence", times=None)
        calls = [asyncio.create_task(app.contact_presence(SARA)) for _ in range(40)]
        while simulator.count("contactPresence") < 32:
            await asyncio.sleep(0)
        await app.sign_out()
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, ucwa.ApplicationEndedError) for result in results)
        await app.close()

    asyncio.run(main())


def test_a_cancelled_task_breaks_nothing(simulator: Simulator) -> None:
    async def main() -> None:
        async with await ucwa.aio.sign_in(**simulator.keys) as app:
            await app.contact_presence(SARA)
            simulator.forget_requests()
            simulator.fault("hang", route="contactPresence")
            call = asyncio.create_task(app.contact_presence(SARA))
            while simulator.count("contactPresence") < 1:
                await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert (await app.contact_presence(SARA)).availability == "Offline"

    asyncio.run(main())


def test_signing_in_that_is_cancelled_leaves_no_application(simulator: Simulator) -> None:
    async def main() -> None:
        simulator.fault("delay", route="applications", ms=2000)
        signing_in = asyncio.create_task(ucwa.aio.sign_in(**simulator.keys))
        while simulator.count("applications") < 1:
            await asyncio.sleep(0)
        signing_in.cancel()
        with pytest.raises(asyncio.CancelledError):
            await signing_in

    asyncio.run(main())
    wait_until(lambda: simulator.count("application") == 1)
    assert simulator.overview()["applications"] == []


def test_the_blocks_own_failure_is_seen(simulator: Simulator) -> None:
    async def main() -> None:
        async with await ucwa.aio.sign_in(**simulator.keys, max_retries=0):
            simulator.fault("status", route="application", method="DELETE", status=500, times=None)
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        asyncio.run(main())


def test_a_token_callback_runs_beside_the_loop(simulator: Simulator) -> None:
    threads = []

    def token(challenge: ucwa.TokenChallenge) -> None:
        threads.append(threading.current_thread())

    async def main() -> None:
        with pytest.raises(ucwa.AuthenticationError):
            await ucwa.aio.sign_in(
                simulator.sign_in_address,
                token_callback=token,
                discovery_url=simulator.url,
                ca_file=simulator.ca_file,
                proxy="none",
            )

    asyncio.run(main())
    assert threads and threads[0] is not threading.main_thread()


def test_it_is_the_same_interface() -> None:
    def interface(kind: type) -> dict[str, inspect.Signature]:
        methods = inspect.getmembers(kind, inspect.isfunction)
        return {name: inspect.signature(method) for name, method in methods if not name.startswith("_")}

    assert inspect.signature(ucwa.aio.sign_in) == inspect.signature(ucwa.sign_in)
    for kind, blocking in [(ucwa.aio.Application, ucwa.Application), (ucwa.aio.Subscription, ucwa.Subscription)]:
        own, other = interface(kind), interface(blocking)
        for name in own:
            method = getattr(kind, name)
            if name == "events":
                assert inspect.isasyncgenfunction(method)
                assert other[name].return_annotation == "Generator[Event, None, None]"
                assert own[name].return_annotation == "AsyncGenerator[Event, None]"
                own[name] = own[name].replace(return_annotation=other[name].return_annotation)
            else:
                assert inspect.iscoroutinefunction(method), name
        assert own == other

    def properties(kind: type) -> set[str]:
        return {name for name, member in inspect.getmembers(kind) if isinstance(member, property)}

    assert properties(ucwa.aio.Subscription) == properties(ucwa.Subscription) == {"id", "contacts"}
