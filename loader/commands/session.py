"""What every command that talks to HubSpot shares: credentials, account, pace, log."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from loader.checkpoint import Binding, Checkpoint
from loader.commands.event_log import Log
from loader.commands.observer import Observer
from loader.engine.cancellation import CancelToken
from loader.engine.first_contact import ask_account
from loader.engine.pipeline import Session
from loader.engine.stats import RunStats
from loader.errors import CredentialsError, Stopped
from loader.hubspot import Credentials, HubSpot, Kind, Secret, StaticToken, Verdict, find_credentials
from loader.hubspot.account import Account
from loader.hubspot.credentials import parse_token
from loader.pace import Pace
from loader.settings import ConnectionSettings


@asynccontextmanager
async def open_session(
    settings: ConnectionSettings, stats: RunStats, observer: Observer, cancel_token: CancelToken
) -> AsyncIterator[Session]:
    """A connection to the account of the token, or to a simulator inside this process.

    Asks for the account first. Raises CredentialsError if there is no token, or if it is refused or belongs
    to another account than `account_id`; UsageError if HubSpot can't be reached.
    """
    async with AsyncExitStack() as stack:
        stack.callback(observer.end)
        log = stack.enter_context(Log(settings.log_file))

        def decide(name: str, details: dict[str, object]) -> None:
            log.decision(name, details)
            observer.decided(name, details)

        pace = Pace(cap=settings.rate_cap, reserve=settings.reserve, watch=decide)
        base_url = settings.base_url
        credentials: Credentials = StaticToken(Secret("a-simulator-needs-no-token"))
        if settings.simulate:
            from loader.simulator import Simulator, SimulatorSettings  # imported for `--simulate` only

            base_url = (await stack.enter_async_context(Simulator(SimulatorSettings()))).url
        elif settings.token is not None:
            credentials = StaticToken(parse_token(settings.token, "token"))
        else:
            credentials = find_credentials(
                base_url,
                token_file=settings.token_file,
                environ=os.environ,
                stdin=getattr(sys.stdin, "buffer", None),  # a notebook or a service has none
                warn=observer.warn,
            )
        hubspot = await stack.enter_async_context(
            HubSpot(
                base_url,
                settings.api_version,
                credentials,
                pace,
                timeout=settings.timeout,
                workers=settings.workers,
                log=log.write if log.wanted else None,
            )
        )
        stats.in_flight = lambda: hubspot.in_flight
        waits = asyncio.create_task(_tell_waits(pace, stats, observer))
        try:
            found = await ask_account(settings, hubspot, pace, stats, decide, cancel_token)
        except Stopped as why:
            if why.reason in ("token_refused", "redirect"):  # by OAuth; nothing has been sent yet
                raise CredentialsError(str(why), why.hint) from why
            raise
        finally:
            waits.cancel()
        account = _checked(found, settings, observer)
        yield Session(settings, hubspot, pace, account, stats, decide, cancel_token)


async def _tell_waits(pace: Pace, stats: RunStats, observer: Observer) -> None:
    """Say what is waited for before the run begins, and its display with it; until it is cancelled."""
    told = ""
    while True:
        await asyncio.sleep(1)
        reason = stats.pause or pace.reading.pause_reason
        if reason and reason != told:
            observer.warn(f"Waiting before the first request: {reason}.")
        told = reason


def continued_binding(checkpoint: Checkpoint, session: Session) -> Binding:
    """The account that a load belongs to from now on. Raises CheckpointError if it belongs to another."""
    account = session.account
    now = Binding.of(
        session.settings.base_url,
        account.portal_id if account else None,
        account.ui_domain if account else "",
        simulated=session.settings.simulate,
    )
    return checkpoint.binding.continued_by(now) if checkpoint.binding else now


def _checked(found: Account | Verdict, settings: ConnectionSettings, observer: Observer) -> Account | None:
    """The account; None if HubSpot does not say. Raises CredentialsError."""
    if isinstance(found, Account):
        if settings.account_id not in (None, found.portal_id):
            raise CredentialsError(
                f"The token belongs to account {found.portal_id}, not to {settings.account_id}",
                "Use a token of the right account, or correct --account-id.",
            )
        return found
    if found.kind is Kind.ACCOUNT and found.http_status != 403:  # 403: it may still write
        raise CredentialsError(found.message, found.hint)
    if settings.account_id is not None:
        raise CredentialsError(
            f"HubSpot does not say which account the token belongs to, so --account-id can't be checked: "
            f"{found.message}",
            found.hint or "Use a token that may read the account, or leave --account-id out.",
        )
    observer.warn(f"HubSpot does not say which account this token belongs to ({found.message}).")
    return None
