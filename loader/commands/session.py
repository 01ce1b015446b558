"""The way to HubSpot: with whose credentials, and to whose account."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import BinaryIO

from loader.commands.event_log import Log
from loader.engine.cancellation import CancelToken
from loader.engine.first_contact import ask_account
from loader.engine.stats import RunStats
from loader.errors import CredentialsError
from loader.hubspot import Credentials, HubSpot, Secret, StaticToken, find_credentials
from loader.hubspot.account import Account
from loader.pace import Pace
from loader.settings import ConnectionSettings


@asynccontextmanager
async def connect(
    settings: ConnectionSettings,
    pace: Pace,
    log: Log,
    warn: Callable[[str], None],
    stdin: BinaryIO | None = None,
) -> AsyncIterator[HubSpot]:
    """A connection to HubSpot with whatever credentials there are, or to a simulator inside this process.

    `warn` is told what a person should know about the credentials. Raises CredentialsError.
    """
    async with AsyncExitStack() as stack:
        base_url = settings.base_url
        credentials: Credentials = StaticToken(Secret("practice-needs-no-token"))
        if settings.simulate:
            from loader.simulator import Simulator, SimulatorSettings  # only who practises pays for a server

            base_url = (await stack.enter_async_context(Simulator(SimulatorSettings()))).url
        else:
            credentials = find_credentials(
                base_url,
                token_file=settings.token_file,
                environ=os.environ,
                stdin=stdin or getattr(sys.stdin, "buffer", None),  # a notebook or a service has none
                warn=warn,
            )
        yield await stack.enter_async_context(
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


async def checked_account(
    hubspot: HubSpot,
    settings: ConnectionSettings,
    pace: Pace,
    stats: RunStats,
    decide: Callable[[str, dict[str, object]], None] = lambda _name, _details: None,
    cancel_token: CancelToken | None = None,
) -> Account | None:
    """Whose account it is. Raises CredentialsError if that is not the one of `--account-id`."""
    account = await ask_account(settings, hubspot, pace, stats, decide, cancel_token or CancelToken())
    if isinstance(account, Account):
        if settings.account_id not in (None, account.portal_id):
            raise CredentialsError(
                f"the token belongs to account {account.portal_id}, not to {settings.account_id}",
                "Take a token of the right account, or correct --account-id.",
            )
        return account
    if settings.account_id is not None:
        raise CredentialsError(
            f"HubSpot does not say whose account the token opens, so --account-id can't be checked: "
            f"{account.message}",
            account.hint
            or "Run the same command again when HubSpot is well again: https://status.hubspot.com.",
        )
    return None


async def read_whose_account(settings: ConnectionSettings) -> Account | None:
    """Whose account it is, for a question that a person is asked first. Raises as `checked_account` does."""
    pace = Pace()
    with Log(None) as log:
        async with connect(settings, pace, log, lambda _warning: None) as hubspot:
            return await checked_account(hubspot, settings, pace, RunStats())
