"""A signed-in application."""

from __future__ import annotations

import base64
import json
import logging
import os
from datetime import timedelta
from types import TracebackType
from typing import Any, Dict, Generator, Iterable, List, Mapping, Optional, Type, Union

from . import _arguments as arguments
from . import _ucwa
from ._arguments import ConfigValue, ContactLike, EventCallback, GroupLike, TokenCallback
from ._errors import ApplicationEndedError, CallTimeoutError, ForkedError, UcwaError
from ._events import Event
from ._events import from_json as event_of
from ._subscription import Subscription
from ._values import (
    Contact,
    Group,
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
)


def sign_in(
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
    r"""Sign in: find the user's home server, authenticate, and create an application (or attach to `application_url`).

    The result is a context manager that signs out. The keyword arguments are the library's configuration keys, and
    None is the default of each; `config_keys()` tells what they may hold. Those that are needed most often:

    - `username`, where the account is called otherwise than `sign_in_address`: ``name@domain`` or ``DOMAIN\name``;
    - `access_token` or `token_callback` instead of `password`; the callback is asked for a bearer token whenever one
      is needed, and runs on a thread of the library;
    - `discovery_url`, where the names ``lyncdiscoverinternal`` and ``lyncdiscover`` of the domain lead nowhere;
    - `ca_file` or `ca_dir`: further trusted certificate authorities;
    - `proxy`: a URL, or ``none``; the environment's where it is None;
    - `timeout_ms`: how long one call may take as a whole, 30000 where it is None;
    - `endpoint_id`: what a service calls itself at every start, so that crashes pile up no applications.
    """
    given = dict(keys)
    given.update(
        sign_in_address=sign_in_address,
        username=username,
        password=password,
        auth=auth,
        access_token=access_token,
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
    )
    callback = None if token_callback is None else arguments.asking(token_callback)
    return Application(_ucwa.sign_in(arguments.settings(given), callback))


class Application:
    """A signed-in application, made by `sign_in`.

    It may be used from any number of threads at once; other Python threads run while a call waits, and Ctrl-C ends the
    waiting of the main thread. A call takes at most ``timeout_ms``. Failures are `UcwaError`.

    Leaving a ``with`` block signs out and releases it.
    """

    def __init__(self, client: _ucwa.Client) -> None:
        self._client = client

    def __enter__(self) -> Application:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        exception: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        try:
            self.sign_out()
        except UcwaError as error:
            judge_sign_out(error, kind)
        finally:
            self.close()

    def __repr__(self) -> str:
        try:
            where = self.application()["href"]
        except UcwaError:
            where = "which has ended"
        return "<ucwa.Application %s>" % where

    # The application itself.

    def application(self) -> Dict[str, Any]:
        """Tell of the application: ``href``, ``endpointId``, ``culture``, ``userAgent`` and more.

        ``href`` and ``endpointId`` are enough to attach to it again, as `application_url` and `endpoint_id`.
        """
        return _object(self._client.application())

    def set(self, key: str, value: Optional[ConfigValue]) -> None:
        """Change ``password``, ``access_token``, ``timeout_ms``, ``connect_timeout_ms`` or ``max_retries``.

        None is the default.
        """
        self._client.set(key, None if value is None else arguments.config_text(key, value))

    def cancel(self) -> None:
        """Wake all calls that wait, from any thread; these and all later ones fail with `ApplicationEndedError`."""
        self._client.cancel()

    def sign_out(self) -> None:
        """Delete the application on the server; one that is gone already is fine.

        Every later call fails with `ApplicationEndedError`.
        """
        self._client.sign_out()

    def close(self) -> None:
        """Release the application, and leave it on the server until it expires there. Twice is fine."""
        self._client.close()

    # Presence.

    def contact_presence(self, contact: ContactLike) -> Presence:
        """Read the presence of a contact."""
        return Presence._of(_object(self._client.contact_presence(arguments.contact_text(contact))))

    def contacts_presence(self, contacts: Iterable[ContactLike], include: Iterable[str] = ()) -> List[Presence]:
        """Read the presence of many contacts, in as few requests as the server allows.

        Element *i* answers contact *i*. Of a contact that failed ``error`` says why. `include` may name ``note``,
        ``location`` and ``contact``, which are read along. An exception means that the call as a whole could not be
        done: the credentials are refused, the application was cancelled, or no request got an answer.
        """
        return _presences(self._client.contacts_presence(arguments.contacts_json(contacts, include)))

    def group_presence(self, group: GroupLike) -> List[Presence]:
        """Read the presence of all members of a group. Of a member that failed ``error`` says why."""
        return _presences(self._client.group_presence(arguments.group_text(group)))

    # People.

    def groups(self) -> List[Group]:
        """Read the groups of the contact list."""
        return [Group._of(one) for one in _object(self._client.groups())["groups"]]

    def group_contacts(self, group: GroupLike) -> List[Contact]:
        """Read the members of a group. Of a member that cannot be read ``error`` says why."""
        return _contacts(self._client.group_contacts(arguments.group_text(group)))

    def contacts(self) -> List[Contact]:
        """Read the contact list. Of a contact that cannot be read ``error`` says why."""
        return _contacts(self._client.contacts())

    def contact(self, contact: ContactLike) -> Contact:
        """Read one contact."""
        return Contact._of(_object(self._client.contact(arguments.contact_text(contact))))

    def search_contacts(self, query: str, limit: int = 0) -> SearchResult:
        """Search for contacts and distribution groups. `limit` is at most 100, and 0 the server's default."""
        return SearchResult._of(_object(self._client.search_contacts(query, limit)))

    def contact_note(self, contact: ContactLike) -> Note:
        """Read the note of a contact."""
        return Note._of(_object(self._client.contact_note(arguments.contact_text(contact))))

    def contact_location(self, contact: ContactLike) -> Location:
        """Read where a contact is."""
        return Location._of(_object(self._client.contact_location(arguments.contact_text(contact))))

    def contact_supported_modalities(self, contact: ContactLike) -> SupportedModalities:
        """Read the ways in which a contact can be reached."""
        text = self._client.contact_supported_modalities(arguments.contact_text(contact))
        return SupportedModalities._of(_object(text))

    def contact_privacy_relationship(self, contact: ContactLike) -> PrivacyRelationship:
        """Read how much of the user a contact may see."""
        text = self._client.contact_privacy_relationship(arguments.contact_text(contact))
        return PrivacyRelationship._of(_object(text))

    def set_contact_privacy_relationship(self, contact: ContactLike, level: str) -> None:
        """Set how much of the user a contact may see, a `RelationshipLevel`."""
        self._client.set_contact_privacy_relationship(arguments.contact_text(contact), level)

    def reset_contact_privacy_relationship(self, contact: ContactLike) -> None:
        """Leave it to the server again how much of the user a contact may see."""
        self._client.reset_contact_privacy_relationship(arguments.contact_text(contact))

    def contact_photo(self, contact: ContactLike, size: Optional[str] = None) -> Photo:
        """Read the photo of a contact; `size` is such as ``HR96X96``, and None the server's choice."""
        return Photo(*self._client.contact_photo(arguments.contact_text(contact), size))

    def add_contact(self, contact: ContactLike, group: Optional[GroupLike] = None) -> Membership:
        """Put a contact into a group, or into the default one."""
        text = self._client.add_contact(arguments.contact_text(contact), arguments.optional_group_text(group))
        return Membership._of(_object(text))

    def remove_contact(self, contact: ContactLike, group: Optional[GroupLike] = None) -> None:
        """Take a contact out of a group, or out of all."""
        self._client.remove_contact(arguments.contact_text(contact), arguments.optional_group_text(group))

    def add_group(self, name: str) -> Group:
        """Make a group."""
        return Group._of(_object(self._client.add_group(name)))

    def rename_group(self, group: GroupLike, name: str) -> None:
        """Rename a group that the user made."""
        self._client.rename_group(arguments.group_text(group), name)

    def remove_group(self, group: GroupLike) -> None:
        """Remove a group that the user made."""
        self._client.remove_group(arguments.group_text(group))

    # Live.

    def subscribe_presence(self, contacts: Iterable[ContactLike], include: Iterable[str] = ()) -> Subscription:
        """Subscribe to the presence of contacts, who need not be in the contact list.

        The present state of each comes as an event, then every change, for as long as the application lives. `include`
        may name ``note``, ``location`` and ``contact``, of which is told, too. A contact that cannot be subscribed to
        comes as a `SubscriptionRefused`. The result is a context manager that unsubscribes.
        """
        text = self._client.subscribe_presence(arguments.contacts_json(contacts, include))
        return Subscription(self._client, _object(text))

    def subscribe_group_presence(self, group: GroupLike) -> Subscription:
        """Subscribe to the presence of a group's members. Who joins is told of from then on, who leaves no more."""
        text = self._client.subscribe_group_presence(arguments.group_text(group))
        return Subscription(self._client, _object(text))

    def subscribe_contacts_and_groups(self) -> Subscription:
        """Subscribe to changes of the contact list itself: contacts and groups that come and go.

        What is there now is read with `contacts` and `groups`.
        """
        return Subscription(self._client, _object(self._client.subscribe_contacts_and_groups()))

    def subscribe(self, contacts: Iterable[ContactLike], include: Iterable[str] = ()) -> Subscription:
        """Do as `subscribe_presence` does, whose short name this is."""
        return self.subscribe_presence(contacts, include)

    def subscribe_group(self, group: GroupLike) -> Subscription:
        """Do as `subscribe_group_presence` does, whose short name this is."""
        return self.subscribe_group_presence(group)

    def change_subscription(
        self, id: str, add: Iterable[ContactLike] = (), remove: Iterable[ContactLike] = ()
    ) -> Subscription:
        """Add contacts to a subscription, of which only the id is at hand, and remove others.

        Who has the `Subscription` itself has its ``add`` and ``remove``.
        """
        text = self._client.change_subscription(id, arguments.change_json(add, remove))
        return Subscription(self._client, _object(text))

    def unsubscribe_presence(self, id: str) -> None:
        """End a subscription of any kind, of which only the id is at hand."""
        self._client.unsubscribe_presence(id)

    def next_event(self, timeout: Union[float, timedelta, None] = None) -> Event:
        """Wait for the next event, so many seconds, 0 to look only, None for ever.

        `CallTimeoutError` where none came. Each event goes to one caller, in whatever thread. Of events that nobody
        takes a few thousand wait; then those are dropped that later ones make void, and a `LaggedEvent` says how many.
        """
        if isinstance(timeout, timedelta):
            timeout = timeout.total_seconds()
        text = self._client.next_event(timeout)
        try:
            return event_of(text)
        except BaseException:
            # Ctrl-C, most likely: it is not to be lost.
            self._client.give_back_event(text)
            raise

    def events(self, timeout: Union[float, timedelta, None] = None) -> Generator[Event, None, None]:
        """Iterate over the events, until none came for so many seconds; None is for ever.

        It may be left and begun again at any time: what was not taken waits.
        """
        while True:
            try:
                event = self.next_event(timeout)
            except CallTimeoutError:
                return
            yield event

    def set_event_callback(self, callback: Optional[EventCallback]) -> None:
        """Have a function called with each event as it comes, those that wait already first; None removes it.

        It runs on a thread of the library, one call at a time, and may use the application; what it raises goes to
        ``sys.unraisablehook``. Once this returns, the former one runs no more. Events are taken one by one or by a
        callback, not both: `ConflictError`.
        """
        self._client.set_event_callback(None if callback is None else arguments.taking(callback))

    def event_descriptor(self) -> int:
        """Tell the file descriptor that poll, select and event loops may watch.

        It is readable while events wait, and once the application has ended: take all of them then, with
        ``events(timeout=0)``. It is not to be read from or closed. There is none on Windows. Afterwards no callback
        can be set.
        """
        return self._client.event_descriptor()

    def health(self) -> Health:
        """Tell how the connection, the token and the subscriptions fare. The server is not asked."""
        return Health._of(_object(self._client.health()))

    # The signed-in user.

    def me(self) -> Contact:
        """Read the user's own data."""
        return Contact._of(_object(self._client.me()))

    def make_me_available(
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
        """Show the user online; signing in alone does not.

        With `keep_active` the library reports activity every four minutes by itself. `sign_in_as` is the first
        availability, as `set_my_presence` takes it. The others are makeMeAvailable's own, for the server; `options` are
        what it has beside them, by its own names: ``{"signInAs": "Busy"}``. Durations are ISO 8601 as texts.
        """
        named = {
            "signInAs": sign_in_as,
            "supportedModalities": _list("supported_modalities", supported_modalities),
            "supportedMessageFormats": _list("supported_message_formats", supported_message_formats),
            "phoneNumber": phone_number,
            "inactiveTimeout": inactive_timeout,
            "audioPreference": audio_preference,
            "voipFallbackToPhoneAudioTimeOut": voip_fallback_to_phone_audio_time_out,
        }
        self._client.make_me_available(arguments.availability_json(keep_active, options or {}, named))

    def report_my_activity(self) -> None:
        """Tell the server that the user is active."""
        self._client.report_my_activity()

    def my_presence(self) -> MyPresence:
        """Read the user's own presence."""
        return MyPresence._of(_object(self._client.my_presence()))

    def set_my_presence(self, availability: str) -> None:
        """Set the user's own presence.

        It may be ``Online``, ``Busy``, ``DoNotDisturb``, ``BeRightBack``, ``Away`` or ``Offwork``.
        """
        self._client.set_my_presence(availability)

    def reset_my_presence(self) -> None:
        """Leave the user's presence to the server again."""
        self._client.reset_my_presence()

    def my_note(self) -> Note:
        """Read the user's own note."""
        return Note._of(_object(self._client.my_note()))

    def set_my_note(self, message: str) -> None:
        """Set the user's own note."""
        self._client.set_my_note(message)

    def reset_my_note(self) -> None:
        """Remove the user's own note."""
        self._client.reset_my_note()

    def my_location(self) -> Location:
        """Read where the user is."""
        return Location._of(_object(self._client.my_location()))

    def set_my_location(self, location: str) -> None:
        """Set where the user is."""
        self._client.set_my_location(location)

    def reset_my_location(self) -> None:
        """Remove where the user is."""
        self._client.reset_my_location()

    def my_phones(self) -> List[Phone]:
        """Read the user's own phones."""
        return [Phone._of(one) for one in _object(self._client.my_phones())["phones"]]

    def my_photo(self, size: Optional[str] = None) -> Photo:
        """Read the user's own photo; `size` is such as ``HR96X96``, and None the server's choice."""
        return Photo(*self._client.my_photo(size))

    # Anything else.

    def navigate(self, path: str = "") -> Dict[str, Any]:
        """Read any resource, reached from the application by link relations, as the server wrote it.

        Such as ``people/myGroups/pinnedGroup/groupContacts/contact[uri=sip:sarad@contoso.com]/contactPresence``.
        """
        return _object(self._client.navigate(path))

    def request(self, method: str, href: str, body: Any = None) -> Response:
        """Send any method to any address or navigation path of the application, with `body` as JSON, or with none."""
        text = self._client.request(method, href, None if body is None else json.dumps(body))
        answer = _object(text)
        return Response(
            answer["status"],
            answer.get("etag"),
            answer.get("location"),
            answer.get("contentType"),
            _body(answer.get("contentType"), answer.get("body")),
        )


def judge_sign_out(error: UcwaError, in_block: Optional[Type[BaseException]]) -> None:
    """What becomes of a failure to sign out at the end of a ``with`` block that failed itself, or did not."""
    if isinstance(error, (ApplicationEndedError, ForkedError)):
        # The block ended the application itself, or this is a child process, and it is the parent's to end.
        return
    if in_block is None:
        raise error
    # What went wrong in the block is what its caller has to see.
    logging.getLogger("ucwa").warning("signing out failed: %s", error)


def config_keys() -> List[Dict[str, Any]]:
    """Tell the table of configuration keys: ``key``, ``default``, ``values``, ``secret``, ``description`` of each."""
    keys: List[Dict[str, Any]] = json.loads(_ucwa.config_keys())
    return keys


def _object(text: str) -> Dict[str, Any]:
    value: Dict[str, Any] = json.loads(text)
    return value


def _presences(text: str) -> List[Presence]:
    return [Presence._of(one) for one in _object(text)["presences"]]


def _contacts(text: str) -> List[Contact]:
    return [Contact._of(one) for one in _object(text)["contacts"]]


def _list(name: str, values: Optional[Iterable[str]]) -> Optional[List[str]]:
    return None if values is None else arguments.texts(name, values)


def _body(content_type: Optional[str], body: Any) -> Any:
    """What was neither JSON nor text comes in base64; JSON may have a member of that name as well."""
    binary = isinstance(body, Mapping) and set(body) == {"base64"} and "json" not in (content_type or "").lower()
    return base64.b64decode(body["base64"]) if binary else body
