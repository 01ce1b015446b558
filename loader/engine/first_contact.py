"""The first question of a run: whose account is it? Maybe nothing answers at all."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from math import isinf

from loader.engine.cancellation import CancelToken
from loader.engine.daily_quota import DailyQuota
from loader.engine.retry import RetryPolicy, migration_wait
from loader.engine.stats import RunStats
from loader.errors import Interrupted, Stopped, UsageError
from loader.hubspot import HubSpot, Kind, Verdict
from loader.hubspot.account import Account, read_account
from loader.pace import Pace
from loader.settings import ConnectionSettings

#: Tries while nothing has answered yet, seconds that each may take, and seconds in between.
_TRIES, _SECONDS, _BREAK = 3, 4.0, 0.5
_HINT = "Check the network, --base-url, and whether a proxy is needed here (HTTPS_PROXY)."


async def ask_account(
    settings: ConnectionSettings,
    hubspot: HubSpot,
    pace: Pace,
    stats: RunStats,
    decide: Callable[[str, dict[str, object]], None],
    cancel_token: CancelToken,
    now: Callable[[], float] = time.time,
) -> Account | Verdict:
    """Ask whose account the token opens. A Verdict is HubSpot's refusal to say.

    While nothing has answered yet, there are three short tries; after the first answer, as many as for any
    request. Raises UsageError if HubSpot is out of reach, Stopped for what ends a run, and Interrupted if a
    person cancels it. `now` gives Unix time.
    """
    wait = settings.wait_for_daily_reset
    async with DailyQuota(pace, None, stats, decide, reserve=0, wait=wait, now=now) as day:
        policy = RetryPolicy(settings.max_attempts, random.random)
        question = asyncio.create_task(_ask(hubspot, pace, day, policy))
        cancel_token.connect(lambda _why: _cancel(question))
        try:
            return await question
        except asyncio.CancelledError:
            if not cancel_token.cancelled:
                raise
            raise Interrupted("interrupted before anything was sent", "Run the same command again.") from None
        finally:
            question.cancel()


async def _ask(hubspot: HubSpot, pace: Pace, day: DailyQuota, policy: RetryPolicy) -> Account | Verdict:
    attempts = 0
    while True:
        answer = await _try(hubspot)
        if isinstance(answer, Account):
            return answer
        match answer.kind:
            case Kind.NO_ANSWER | Kind.UNREACHABLE | Kind.TRANSIENT:
                attempts += 1
                unheard = isinf(hubspot.heard)
                hopeless = answer.category == "TLS_CERTIFICATE"  # waiting won't make it trustworthy
                if unheard and (hopeless or attempts >= _TRIES):
                    raise UsageError(f"HubSpot is out of reach. {answer.message}", answer.hint or _HINT)
                if attempts >= policy.max_attempts:
                    return answer
                await asyncio.sleep(_BREAK if unheard else policy.delay(attempts, answer.retry_after))
            case Kind.THROTTLED:
                pass  # the pace waits
            case Kind.DAILY:
                day.refused(answer.retry_after)
                if not day.wait:
                    raise day.over(answer.message)
                await day.sleep()
            case Kind.MIGRATION:
                wait = migration_wait(answer, day.format_local_time)
                if isinstance(wait, Stopped):
                    raise wait
                pace.pause(wait, "HubSpot is moving the account to another data centre")
            case _:
                return answer


def _cancel(question: asyncio.Task[Account | Verdict]) -> None:
    question.cancel()


async def _try(hubspot: HubSpot) -> Account | Verdict:
    try:
        async with asyncio.timeout(_SECONDS if isinf(hubspot.heard) else None):
            return await read_account(hubspot)
    except TimeoutError:
        return Verdict(Kind.NO_ANSWER, 0, "TIMEOUT", f"No answer within {_SECONDS:g} s")
