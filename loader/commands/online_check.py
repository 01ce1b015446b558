"""`check --online`: what the account says about a load that has not begun. Nothing is written."""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from loader.commands.forecast import DailyForecast
from loader.commands.online_findings import AssociationCount, Problem, Sample, TypePairFindings
from loader.commands.sampling import ColumnSample, TypePairSample
from loader.engine.retry import RetryPolicy
from loader.errors import CredentialsError, UsageError
from loader.hubspot import HubSpot, Kind, Verdict
from loader.hubspot.account import Account, DailyUsage, read_daily_usage
from loader.hubspot.lookups import (
    ask_patiently,
    read_association_limit,
    read_default_type,
    read_existing,
    scopes_named,
)
from loader.object_types import canonical_type
from loader.pace import PaceReading

_TROUBLE = "Run the same command again when HubSpot is well again: https://status.hubspot.com."

T = TypeVar("T")


@dataclass(frozen=True)
class Online:
    """What HubSpot said. `unchecked` says what could not be found out, and why."""

    account: Account | None
    limit: int | None
    interval: float
    quota: DailyForecast
    kinds: tuple[TypePairFindings, ...]
    problems: tuple[Problem, ...]
    unchecked: tuple[str, ...]


class OnlineCheck:
    """Asks one account about the pairs of one file."""

    def __init__(self, hubspot: HubSpot, policy: RetryPolicy | None = None) -> None:
        self._hubspot = hubspot
        self._policy = policy or RetryPolicy(3, random.random)
        self._problems: dict[Problem, None] = {}
        self._unchecked: dict[str, None] = {}
        self._told = False  # whether any answer was not a transient error
        self._trouble: Verdict | None = None
        self._over: Verdict | None = None  # the day is used up, or the account moves: nothing more is asked

    async def about(self, sample: TypePairSample) -> TypePairFindings:
        """Ask about one pair of types."""
        from_type, to_type = sample.from_type, sample.to_type
        default = await self._ask(lambda: read_default_type(self._hubspot, from_type, to_type))
        if isinstance(default, Verdict):
            self._refused(default, from_type, to_type)
        findings = TypePairFindings(
            from_type,
            to_type,
            None if isinstance(default, Verdict) else default.name,
            await self._sample(sample.from_ids, from_type, to_type),
            await self._sample(sample.to_ids, to_type, from_type),
            await self._count(sample.from_ids, from_type, to_type),
            await self._count(sample.to_ids, to_type, from_type),
        )
        self._problems |= dict.fromkeys(findings.problems())
        return findings

    async def quota(self, reading: PaceReading, account: Account | None, now: datetime) -> DailyForecast:
        """What is left of the day: the answers' headers first, since HubSpot's own count lags."""
        reset = account.next_reset(now) if account else None
        if reading.daily_limit is not None and reset is not None:
            return DailyForecast(reading.daily_limit, reading.daily_remaining, reset)
        usage = await self._ask(lambda: read_daily_usage(self._hubspot))
        if not isinstance(usage, DailyUsage):
            if reading.daily_limit is None:
                self._not_known("what is left of the daily limit", usage)
            return DailyForecast(reading.daily_limit, reading.daily_remaining, reset)
        resets_at = usage.resets_at or reset
        if reading.daily_limit is not None:
            return DailyForecast(reading.daily_limit, reading.daily_remaining, resets_at)
        return DailyForecast(usage.limit, max(0, usage.limit - usage.used), resets_at)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Problems to solve, those that block a load first."""
        return tuple(sorted(self._problems, key=lambda problem: not problem.blocks))

    @property
    def unchecked(self) -> tuple[str, ...]:
        """What could not be found out."""
        return tuple(self._unchecked)

    def ended(self) -> None:
        """End the check. Raises UsageError if every answer was a transient error."""
        if self._trouble is not None and not self._told:
            raise UsageError(f"HubSpot can't be asked: {self._trouble.message}", _TROUBLE)

    def leave_out(self, what: str) -> None:
        """Note something that is not checked."""
        self._unchecked[what] = None

    async def _ask(self, question: Callable[[], Coroutine[Any, Any, T | Verdict]]) -> T | Verdict:
        """Ask, unless the day is used up. Raises CredentialsError if the token or the host is refused."""
        if self._over is not None:
            return self._over
        answer = await ask_patiently(question, self._policy.delay)
        if isinstance(answer, Verdict) and answer.kind is Kind.ACCOUNT and answer.http_status != 403:
            raise CredentialsError(answer.message, answer.hint)
        if isinstance(answer, Verdict) and answer.kind in (Kind.DAILY, Kind.MIGRATION):
            self._over = answer
        if isinstance(answer, Verdict) and answer.kind is Kind.TRANSIENT:
            self._trouble = answer
        else:
            self._told = True
        return answer

    async def _sample(self, column: ColumnSample, own_type: str, other_type: str) -> Sample:
        ids = column.sample
        found = await self._existing(own_type, ids)
        missing = next((record for record in ids if found is not None and record not in found), "")
        if canonical_type(own_type) == canonical_type(other_type):
            return Sample(len(ids), None if found is None else len(found), 0, missing)
        other = await self._existing(other_type, ids)
        counts = (None if found is None else len(found), None if other is None else len(other))
        return Sample(len(ids), *counts, missing)

    async def _existing(self, object_type: str, ids: list[str]) -> set[str] | None:
        found = await self._ask(lambda: read_existing(self._hubspot, object_type, ids))
        return self._known(found, f"which records exist as {object_type}")

    async def _count(self, column: ColumnSample, own_type: str, other_type: str) -> AssociationCount:
        answer = await self._ask(lambda: read_association_limit(self._hubspot, own_type, other_type))
        limit = None
        if isinstance(answer, Verdict) and answer.http_status == 404:
            self.leave_out("association limits: not available at this API version")
        else:
            limit = self._known(answer, f"how many {other_type} one of the {own_type} may have")
        most = None if limit is None else limit.most
        over = 0 if most is None else len(column.busier_than(most))
        return AssociationCount(limit, next(iter(column.busiest(1)), None), over)

    def _known(self, answer: T | Verdict, what: str) -> T | None:
        if isinstance(answer, Verdict):
            self._not_known(what, answer)
            return None
        return answer

    def _not_known(self, what: str, verdict: Verdict) -> None:
        if verdict.kind is Kind.DAILY:
            self._problem(verdict.message, "Check again after the reset of the daily limit.")
            return
        lacking = scopes_named(verdict)
        why = f"the token lacks {', '.join(lacking)}" if lacking else verdict.message
        self._unchecked[f"{what}: {why}"] = None

    def _refused(self, why: Verdict, from_type: str, to_type: str) -> None:
        """Note why the default type could not be read."""
        pair = f"{from_type} and {to_type}"
        if why.kind is Kind.ACCOUNT:
            lacking = scopes_named(why)
            what = f"the token lacks the scope {', '.join(lacking)}" if lacking else why.message
            self._problem(f"{pair}: {what}", why.hint)
        elif why.kind is Kind.REFUSED:
            hint = (
                "Correct --from-type, --to-type or the file's type columns (a custom type is like 2-12345)."
            )
            self._problem(f"{pair}: HubSpot refuses them: {why.message}", hint)
        else:
            self._not_known(f"whether {pair} have a default association", why)

    def _problem(self, message: str, hint: str) -> None:
        self._problems[Problem(True, message, hint)] = None
