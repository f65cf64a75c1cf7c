"""Signing in for somebody who may go away meanwhile."""

from __future__ import annotations

import threading
from typing import Callable, Optional

import ucwa

from ._errors import UcwaError


class SigningIn:
    """Signing in on a thread, while whoever asked for it may go away: then the application must not stay."""

    def __init__(self, sign_in: Callable[[], ucwa.Application]) -> None:
        self._sign_in = sign_in
        self._lock = threading.Lock()
        self._abandoned = False
        self._made: Optional[ucwa.Application] = None

    def run(self) -> ucwa.Application:
        application = self._sign_in()
        with self._lock:
            self._made = application
            abandoned = self._abandoned
        if abandoned:
            end(application)
        return application

    def abandon(self) -> None:
        with self._lock:
            self._abandoned = True
            made = self._made
        if made is not None:
            threading.Thread(target=end, args=(made,), name="ucwa-aio").start()


def end(application: ucwa.Application) -> None:
    try:
        application.sign_out()
    except UcwaError:
        # It expires on the server by itself.
        pass
    finally:
        application.close()
