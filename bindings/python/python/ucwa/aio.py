"""The same for asyncio: every call is awaited, and none blocks the loop.

>>> import asyncio
>>> import ucwa.aio
>>> async def main() -> None:
...     async with await ucwa.aio.sign_in("sip:lenea@contoso.com", password="…") as app:
...         print(await app.contact_presence("sip:SaraD@contoso.com"))
>>> asyncio.run(main())  # doctest: +SKIP

Calls run on threads of the application's own. Where a task is cancelled, its call is no longer waited for, and ends by
itself; the application can be used on. A task that waits for an event takes none with it.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import TracebackType
from typing import Any, AsyncGenerator, Callable, Dict, Iterable, List, Mapping, Optional, Type, TypeVar, Union

import ucwa
from ucwa import (
    ApplicationEndedError,
    CallTimeoutError,
    ConfigValue,
    ConflictError,
    Contact,
    ContactLike,
    Event,
    EventCallback,
    Group,
    GroupLike,
    Health,
    Location,
    Membership,
    MyPresence,
    Note,
    Phone,
    Photo,
    Presence,
    PrivacyRelationship,
    Response,
    SearchResult,
    SupportedModalities,
    TokenCallback,
    UcwaError,
)

from ._abandonable import Abandonable, end, end_subscription, on_own_thread
from ._aio_subscription import Subscription
from ._application import judge_sign_out

__all__ = ["Application", "Subscription", "sign_in"]

_T = TypeVar("_T")

#: How many calls of one application run at once; further ones wait for their turn.
_MOST_AT_ONCE = 32

#: More than those can be that were given up and have not ended yet.
_MOST_THREADS = 10_000

#: How long a thread waits for an event at a time, in seconds. So long it may outlive the task that it waits for.
_SLICE = 0.1


async def sign_in(
    sign_in_address: Optional[str] = None,
    *,
    username: Optional[str] = None,
    password: Optional[str] = None,
    auth: Optional[str] = None,
    access_token: Optional[str] = None,
    token_callback: Optional[TokenCallback] = None,
    discovery_url: Optional[str] = None,
    application_url: Optional[str] = None,
    user_agent: Optional[str] = None,
    culture: Optional[str] = None,
    endpoint_id: Optional[str] = None,
    ca_file: Union[str, os.PathLike[str], None] = None,
    ca_dir: Union[str, os.PathLike[str], None] = None,
    client_certificate: Union[str, os.PathLike[str], None] = None,
    client_key: Union[str, os.PathLike[str], None] = None,
    minimum_tls: Optional[str] = None,
    proxy: Optional[str] = None,
    no_proxy: Optional[str] = None,
    resolve: Optional[str] = None,
    trusted_domains: Optional[str] = None,
    timeout_ms: Optional[int] = None,
    connect_timeout_ms: Optional[int] = None,
    max_retries: Optional[int] = None,
    max_outstanding: Optional[int] = None,
    allow_insecure_http: Optional[bool] = None,
    **keys: Optional[ConfigValue],
) -> Application:
    """Sign in, as `ucwa.sign_in` does. The result is an async context manager that signs out.

    `token_callback` is a plain function; it runs on a thread of the library, and may block.
    """
    signing = Abandonable(
        lambda: ucwa.sign_in(
            sign_in_address=sign_in_address,
            username=username,
            password=password,
            auth=auth,
            access_token=access_token,
            token_callback=token_callback,
            discovery_url=discovery_url,
            application_url=application_url,
            user_agent=user_agent,
            culture=culture,
            endpoint_id=endpoint_id,
            ca_file=ca_file,
            ca_dir=ca_dir,
            client_certificate=client_certificate,
            client_key=client_key,
            minimum_tls=minimum_tls,
            proxy=proxy,
            no_proxy=no_proxy,
            resolve=resolve,
            trusted_domains=trusted_domains,
            timeout_ms=timeout_ms,
            connect_timeout_ms=connect_timeout_ms,
            max_retries=max_retries,
            max_outstanding=max_outstanding,
            allow_insecure_http=allow_insecure_http,
            **keys,
        ),
        end,
    )
    try:
        application = await on_own_thread(signing.run)
    except asyncio.CancelledError:
        signing.abandon()
        raise
    return Application(application)


class Application:
    """A signed-in application, made by `sign_in`: the methods of `ucwa.Application`, to be awaited.

    Leaving an ``async with`` block signs out and releases it.
    """

    def __init__(self, application: ucwa.Application) -> None:
        self._blocking = application
        # A call whose task was cancelled keeps its thread, and gives its place to the next.
        self._places = asyncio.Semaphore(_MOST_AT_ONCE)
        self._threads = ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="ucwa-aio")
        # Others than these, as calls that hang must not hold up events.
        self._watchers = ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="ucwa-aio-events")
        self._closed = False
        #: How many tasks wait for an event.
        self._waiting = 0

    async def _run(self, call: Callable[[], _T]) -> _T:
        if self._closed:
            # It fails at once, with the right exception, and needs no thread for it.
            return call()
        context = contextvars.copy_context()
        async with self._places:
            return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, call)

    async def _subscribe(self, call: Callable[[], ucwa.Subscription]) -> Subscription:
        subscribing = Abandonable(call, end_subscription)
        try:
            return Subscription(self._run, await self._run(subscribing.run))
        except asyncio.CancelledError:
            subscribing.abandon()
            raise

    async def __aenter__(self) -> Application:
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        exception: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        try:
            await self.sign_out()
        except UcwaError as error:
            judge_sign_out(error, kind)
        finally:
            await self.close()

    def __repr__(self) -> str:
        return repr(self._blocking).replace("ucwa.", "ucwa.aio.", 1)

    # These end calls that wait, and must not wait behind them for a thread.

    async def cancel(self) -> None:
        """Do as `ucwa.Application.cancel` does."""
        self._blocking.cancel()

    async def sign_out(self) -> None:
        """Do as `ucwa.Application.sign_out` does."""
        await on_own_thread(self._blocking.sign_out)

    async def close(self) -> None:
        """Do as `ucwa.Application.close` does."""
        self._closed = True
        self._threads.shutdown(wait=False)
        self._watchers.shutdown(wait=False)
        await on_own_thread(self._blocking.close)

    # Everything else.

    async def application(self) -> Dict[str, Any]:
        """Do as `ucwa.Application.application` does."""
        return await self._run(lambda: self._blocking.application())

    async def set(self, key: str, value: Optional[ConfigValue]) -> None:
        """Do as `ucwa.Application.set` does."""
        await self._run(lambda: self._blocking.set(key, value))

    async def contact_presence(self, contact: ContactLike) -> Presence:
        """Do as `ucwa.Application.contact_presence` does."""
        return await self._run(lambda: self._blocking.contact_presence(contact))

    async def contacts_presence(self, contacts: Iterable[ContactLike], include: Iterable[str] = ()) -> List[Presence]:
        """Do as `ucwa.Application.contacts_presence` does."""
        return await self._run(lambda: self._blocking.contacts_presence(contacts, include))

    async def group_presence(self, group: GroupLike) -> List[Presence]:
        """Do as `ucwa.Application.group_presence` does."""
        return await self._run(lambda: self._blocking.group_presence(group))

    async def groups(self) -> List[Group]:
        """Do as `ucwa.Application.groups` does."""
        return await self._run(lambda: self._blocking.groups())

    async def group_contacts(self, group: GroupLike) -> List[Contact]:
        """Do as `ucwa.Application.group_contacts` does."""
        return await self._run(lambda: self._blocking.group_contacts(group))

    async def contacts(self) -> List[Contact]:
        """Do as `ucwa.Application.contacts` does."""
        return await self._run(lambda: self._blocking.contacts())

    async def contact(self, contact: ContactLike) -> Contact:
        """Do as `ucwa.Application.contact` does."""
        return await self._run(lambda: self._blocking.contact(contact))

    async def search_contacts(self, query: str, limit: int = 0) -> SearchResult:
        """Do as `ucwa.Application.search_contacts` does."""
        return await self._run(lambda: self._blocking.search_contacts(query, limit))

    async def contact_note(self, contact: ContactLike) -> Note:
        """Do as `ucwa.Application.contact_note` does."""
        return await self._run(lambda: self._blocking.contact_note(contact))

    async def contact_location(self, contact: ContactLike) -> Location:
        """Do as `ucwa.Application.contact_location` does."""
        return await self._run(lambda: self._blocking.contact_location(contact))

    async def contact_supported_modalities(self, contact: ContactLike) -> SupportedModalities:
        """Do as `ucwa.Application.contact_supported_modalities` does."""
        return await self._run(lambda: self._blocking.contact_supported_modalities(contact))

    async def contact_privacy_relationship(self, contact: ContactLike) -> PrivacyRelationship:
        """Do as `ucwa.Application.contact_privacy_relationship` does."""
        return await self._run(lambda: self._blocking.contact_privacy_relationship(contact))

    async def set_contact_privacy_relationship(self, contact: ContactLike, level: str) -> None:
        """Do as `ucwa.Application.set_contact_privacy_relationship` does."""
        await self._run(lambda: self._blocking.set_contact_privacy_relationship(contact, level))

    async def reset_contact_privacy_relationship(self, contact: ContactLike) -> None:
        """Do as `ucwa.Application.reset_contact_privacy_relationship` does."""
        await self._run(lambda: self._blocking.reset_contact_privacy_relationship(contact))

    async def contact_photo(self, contact: ContactLike, size: Optional[str] = None) -> Photo:
        """Do as `ucwa.Application.contact_photo` does."""
        return await self._run(lambda: self._blocking.contact_photo(contact, size))

    async def add_contact(self, contact: ContactLike, group: Optional[GroupLike] = None) -> Membership:
        """Do as `ucwa.Application.add_contact` does."""
        return await self._run(lambda: self._blocking.add_contact(contact, group))

    async def remove_contact(self, contact: ContactLike, group: Optional[GroupLike] = None) -> None:
        """Do as `ucwa.Application.remove_contact` does."""
        await self._run(lambda: self._blocking.remove_contact(contact, group))

    async def add_group(self, name: str) -> Group:
        """Do as `ucwa.Application.add_group` does."""
        return await self._run(lambda: self._blocking.add_group(name))

    async def rename_group(self, group: GroupLike, name: str) -> None:
        """Do as `ucwa.Application.rename_group` does."""
        await self._run(lambda: self._blocking.rename_group(group, name))

    async def remove_group(self, group: GroupLike) -> None:
        """Do as `ucwa.Application.remove_group` does."""
        await self._run(lambda: self._blocking.remove_group(group))

    async def subscribe_presence(self, contacts: Iterable[ContactLike], include: Iterable[str] = ()) -> Subscription:
        """Do as `ucwa.Application.subscribe_presence` does. The result is an async context manager."""
        return await self._subscribe(lambda: self._blocking.subscribe_presence(contacts, include))

    async def subscribe_group_presence(self, group: GroupLike) -> Subscription:
        """Do as `ucwa.Application.subscribe_group_presence` does. The result is an async context manager."""
        return await self._subscribe(lambda: self._blocking.subscribe_group_presence(group))

    async def subscribe_contacts_and_groups(self) -> Subscription:
        """Do as `ucwa.Application.subscribe_contacts_and_groups` does. The result is an async context manager."""
        return await self._subscribe(lambda: self._blocking.subscribe_contacts_and_groups())

    async def subscribe(self, contacts: Iterable[ContactLike], include: Iterable[str] = ()) -> Subscription:
        """Do as `subscribe_presence` does, whose short name this is."""
        return await self.subscribe_presence(contacts, include)

    async def subscribe_group(self, group: GroupLike) -> Subscription:
        """Do as `subscribe_group_presence` does, whose short name this is."""
        return await self.subscribe_group_presence(group)

    async def change_subscription(
        self, id: str, add: Iterable[ContactLike] = (), remove: Iterable[ContactLike] = ()
    ) -> Subscription:
        """Do as `ucwa.Application.change_subscription` does."""
        return Subscription(self._run, await self._run(lambda: self._blocking.change_subscription(id, add, remove)))

    async def unsubscribe_presence(self, id: str) -> None:
        """Do as `ucwa.Application.unsubscribe_presence` does."""
        await self._run(lambda: self._blocking.unsubscribe_presence(id))

    async def next_event(self, timeout: Union[float, timedelta, None] = None) -> Event:
        """Do as `ucwa.Application.next_event` does. A task that is cancelled takes no event with it."""
        if isinstance(timeout, timedelta):
            timeout = timeout.total_seconds()
        if timeout is not None and not timeout >= 0:
            # It fails, and says what would do.
            return self._blocking.next_event(timeout)
        self._waiting += 1
        try:
            return await self._next_event(timeout)
        finally:
            self._waiting -= 1

    async def _next_event(self, timeout: Optional[float]) -> Event:
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            # Taken here, where nothing can come between taking and returning it. Threads only look whether some wait.
            try:
                return self._blocking.next_event(0)
            except CallTimeoutError:
                pass
            if self._closed:
                raise ApplicationEndedError("the application is closed; no call can be made with it any more")
            left = _SLICE if end is None else min(_SLICE, end - time.monotonic())
            if left <= 0:
                raise CallTimeoutError(f"no event came within {timeout} s")
            wait = self._blocking._client.wait_for_event
            await asyncio.get_running_loop().run_in_executor(self._watchers, wait, left)

    async def events(self, timeout: Union[float, timedelta, None] = None) -> AsyncGenerator[Event, None]:
        """Do as `ucwa.Application.events` does, for ``async for``."""
        while True:
            try:
                event = await self.next_event(timeout)
            except CallTimeoutError:
                return
            yield event

    async def set_event_callback(self, callback: Optional[EventCallback]) -> None:
        """Do as `ucwa.Application.set_event_callback` does. The callback is a plain function, and may block."""
        if callback is not None and self._waiting:
            raise ConflictError("a task waits for the next event; events are either awaited or go to a callback")
        await self._run(lambda: self._blocking.set_event_callback(callback))

    async def event_descriptor(self) -> int:
        """Do as `ucwa.Application.event_descriptor` does."""
        return await self._run(lambda: self._blocking.event_descriptor())

    async def health(self) -> Health:
        """Do as `ucwa.Application.health` does."""
        return await self._run(lambda: self._blocking.health())

    async def me(self) -> Contact:
        """Do as `ucwa.Application.me` does."""
        return await self._run(lambda: self._blocking.me())

    async def make_me_available(
        self,
        *,
        keep_active: bool = False,
        sign_in_as: Optional[str] = None,
        supported_modalities: Optional[Iterable[str]] = None,
        supported_message_formats: Optional[Iterable[str]] = None,
        phone_number: Optional[str] = None,
        inactive_timeout: Union[str, timedelta, None] = None,
        audio_preference: Optional[str] = None,
        voip_fallback_to_phone_audio_time_out: Union[str, timedelta, None] = None,
        options: Optional[Mapping[str, object]] = None,
    ) -> None:
        """Do as `ucwa.Application.make_me_available` does."""
        await self._run(
            lambda: self._blocking.make_me_available(
                keep_active=keep_active,
                sign_in_as=sign_in_as,
                supported_modalities=supported_modalities,
                supported_message_formats=supported_message_formats,
                phone_number=phone_number,
                inactive_timeout=inactive_timeout,
                audio_preference=audio_preference,
                voip_fallback_to_phone_audio_time_out=voip_fallback_to_phone_audio_time_out,
                options=options,
            )
        )

    async def report_my_activity(self) -> None:
        """Do as `ucwa.Application.report_my_activity` does."""
        await self._run(lambda: self._blocking.report_my_activity())

    async def my_presence(self) -> MyPresence:
        """Do as `ucwa.Application.my_presence` does."""
        return await self._run(lambda: self._blocking.my_presence())

    async def set_my_presence(self, availability: str) -> None:
        """Do as `ucwa.Application.set_my_presence` does."""
        await self._run(lambda: self._blocking.set_my_presence(availability))

    async def reset_my_presence(self) -> None:
        """Do as `ucwa.Application.reset_my_presence` does."""
        await self._run(lambda: self._blocking.reset_my_presence())

    async def my_note(self) -> Note:
        """Do as `ucwa.Application.my_note` does."""
        return await self._run(lambda: self._blocking.my_note())

    async def set_my_note(self, message: str) -> None:
        """Do as `ucwa.Application.set_my_note` does."""
        await self._run(lambda: self._blocking.set_my_note(message))

    async def reset_my_note(self) -> None:
        """Do as `ucwa.Application.reset_my_note` does."""
        await self._run(lambda: self._blocking.reset_my_note())

    async def my_location(self) -> Location:
        """Do as `ucwa.Application.my_location` does."""
        return await self._run(lambda: self._blocking.my_location())

    async def set_my_location(self, location: str) -> None:
        """Do as `ucwa.Application.set_my_location` does."""
        await self._run(lambda: self._blocking.set_my_location(location))

    async def reset_my_location(self) -> None:
        """Do as `ucwa.Application.reset_my_location` does."""
        await self._run(lambda: self._blocking.reset_my_location())

    async def my_phones(self) -> List[Phone]:
        """Do as `ucwa.Application.my_phones` does."""
        return await self._run(lambda: self._blocking.my_phones())

    async def my_photo(self, size: Optional[str] = None) -> Photo:
        """Do as `ucwa.Application.my_photo` does."""
        return await self._run(lambda: self._blocking.my_photo(size))

    async def navigate(self, path: str = "") -> Dict[str, Any]:
        """Do as `ucwa.Application.navigate` does."""
        return await self._run(lambda: self._blocking.navigate(path))

    async def request(self, method: str, href: str, body: Any = None) -> Response:
        """Do as `ucwa.Application.request` does."""
        return await self._run(lambda: self._blocking.request(method, href, body))
