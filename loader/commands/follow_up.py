"""What the commands that follow a load share: connected to an account, with somebody who listens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from loader.commands.event_log import Log
from loader.commands.session import checked_account, connect
from loader.engine.cancellation import CancelToken
from loader.engine.pipeline import Session
from loader.engine.stats import RunStats
from loader.pace import Pace, PaceReading
from loader.settings import ConnectionSettings


class Listener(Protocol):
    """Who is told how it goes. Everything is called in the run's event loop."""

    def tell(self, message: str) -> None:
        """Something that is going to happen."""

    def warn(self, message: str) -> None:
        """Something that a person should know."""

    def decided(self, name: str, details: dict[str, object]) -> None:
        """A decision on the way: a pause, a change of pace, a stop."""

    def follow(self, stats: RunStats, pace: Callable[[], PaceReading]) -> None:
        """It begins; `stats` and `pace` say how things stand from now on."""


@asynccontextmanager
async def connected(
    settings: ConnectionSettings, stats: RunStats, listener: Listener, cancel_token: CancelToken
) -> AsyncIterator[Session]:
    """A connection to the account of the token. Raises CredentialsError and UsageError."""
    with Log(settings.log_file) as log:

        def decide(name: str, details: dict[str, object]) -> None:
            log.decision(name, details)
            listener.decided(name, details)

        pace = Pace(cap=settings.rate_cap, reserve=settings.reserve, watch=decide)
        async with connect(settings, pace, log, listener.warn) as hubspot:
            account = await checked_account(hubspot, settings)
            yield Session(settings, hubspot, pace, account, stats, decide, cancel_token)
