"""The engine in virtual time: a HubSpot without a network, a journal in memory, and a run of both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from math import inf
from typing import Any, NamedTuple, cast

import orjson

from loader.engine.cancellation import CancelToken
from loader.engine.pipeline import Session, send_pairs
from loader.engine.sender import SendMethod
from loader.engine.stats import RunStats
from loader.engine.work_item import OpenPairs
from loader.errors import Stopped
from loader.hubspot import Answer, HubSpot, Kind, Verdict, judge
from loader.hubspot.account import Account
from loader.hubspot.outcome_table import judge_status
from loader.model import Outcome, OutcomeGroup, Pair, Status
from loader.pace import Pace, parse_rate
from loader.settings import ConnectionSettings

#: Unix time when virtual time begins.
EPOCH = 1_790_000_000.0


class Request(NamedTuple):
    """A request as it reaches the server, `at` seconds of virtual time."""

    at: float
    method: str
    path: str
    body: Any

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The pairs of records that it is about."""
        if self.method == "PUT":
            parts = self.path.split("/")
            return [(parts[5], parts[9])]
        return [(one["from"]["id"], one["to"]["id"]) for one in self.body["inputs"]]


class Reply(NamedTuple):
    """An answer: status, JSON body and headers."""

    status: int
    body: Any = None
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


#: What the server does with a request: it answers, or the wire breaks with a verdict. It may take its time.
Script = Callable[[Request], Awaitable[Reply | Verdict]]
Admit = Callable[[], None] | None


class VirtualHubSpot:
    """Speaks as `HubSpot` does, to a script instead of a server."""

    version = "2025-09"

    def __init__(self, script: Script, pace: Pace | None = None) -> None:
        self.script = script
        self.pace = pace or Pace(cap=parse_rate("1000000/1"))
        self.in_flight, self.heard = 0, -inf
        self.requests: list[Request] = []

    async def associate(self, pair: Pair, admit: Admit = None) -> Verdict:
        path = f"/crm/objects/{self.version}/{pair.from_type}/{pair.from_id}/associations/default"
        reply = await self._perform("PUT", f"{path}/{pair.to_type}/{pair.to_id}", None, admit)
        if isinstance(reply, Verdict):
            return reply
        return judge(reply.status, reply.headers, orjson.dumps(reply.body), pair, now=now())

    async def request(
        self, method: str, path: str, *, json: Any = None, admit: Admit = None, **_: Any
    ) -> Answer | Verdict:
        body = orjson.loads(orjson.dumps(json)) if json is not None else None
        reply = await self._perform(method, path, body, admit)
        if isinstance(reply, Verdict):
            return reply
        data = b"" if reply.body is None else orjson.dumps(reply.body)
        if 200 <= reply.status < 300:
            return Answer(reply.status, reply.headers, data)
        return judge_status(reply.status, reply.headers, data, now=now())

    async def answers(self, admit: Admit = None) -> bool:
        answer = await self.request("GET", f"/account-info/{self.version}/details", admit=admit)
        return isinstance(answer, Answer) or answer.http_status > 0

    async def _perform(self, method: str, path: str, body: Any, admit: Admit) -> Reply | Verdict:
        permit = await self.pace.acquire()
        try:
            if admit is not None:
                admit()
        except BaseException:
            self.pace.release(permit)
            raise
        at = asyncio.get_running_loop().time()
        request = Request(at, method, path, body)
        self.requests.append(request)
        self.in_flight += 1
        try:
            reply = await self.script(request)
        except BaseException:
            self.pace.lost(permit)
            raise
        finally:
            self.in_flight -= 1
        if isinstance(reply, Verdict):
            self.pace.lost(permit)
            return reply._replace(waited=asyncio.get_running_loop().time() - at)
        self.heard = max(self.heard, at)
        if reply.status == 429 and (reply.body or {}).get("policyName") != "DAILY":
            wait = reply.headers.get("Retry-After")
            self.pace.throttled(permit, reply.headers, None if wait is None else float(wait))
        else:
            self.pace.answered(permit, reply.headers)
        return reply


def now() -> float:
    """Unix time that goes with virtual time."""
    return EPOCH + asyncio.get_running_loop().time()


class MemoryJournal:
    """Remembers in memory what a checkpoint does on the disk, and objects to what it could not believe."""

    def __init__(self, commit: float = 0.01) -> None:
        """A commit takes so many seconds."""
        self.commit = commit
        self.trouble, self.backlog = "", 0
        self.recorded: dict[Pair, str] = {}
        self.on_disk: set[Pair] = set()
        self.withdrawn: list[Pair] = []
        self.outcomes: dict[Pair, Outcome] = {}

    async def record(self, pairs: Sequence[Pair], existed_before: str) -> None:
        assert pairs
        assert self.recorded.keys().isdisjoint(pairs), "recorded twice"
        self.recorded.update(dict.fromkeys(pairs, existed_before))
        await asyncio.sleep(self.commit)
        self.on_disk.update(pair for pair in pairs if pair in self.recorded)

    def withdraw(self, pairs: Sequence[Pair]) -> None:
        for pair in pairs:
            self.recorded.pop(pair, None)  # it may be one that could not be recorded
            self.on_disk.discard(pair)
        self.withdrawn += pairs

    def settle(self, group: OutcomeGroup) -> None:
        for outcome in group.outcomes:
            assert outcome.pair not in self.outcomes, "settled twice"
            past = self.recorded.get(outcome.pair)
            unsent = outcome.status is Status.GAVE_UP or not outcome.http_status
            assert unsent if past is None else past == outcome.existed_before, "the past has changed"
            self.outcomes[outcome.pair] = outcome

    def statuses(self) -> list[str]:
        """The statuses in the order of the rows."""
        return [str(self.outcomes[pair].status) for pair in sorted(self.outcomes)]


class Ended(NamedTuple):
    """How a run ended."""

    stopped: Stopped | None
    journal: MemoryJournal
    hubspot: VirtualHubSpot
    stats: RunStats
    seconds: float
    decisions: list[str]

    @property
    def reason(self) -> str:
        return self.stopped.reason if self.stopped else ""


async def run_pairs(
    hubspot: VirtualHubSpot,
    method: Callable[[HubSpot], SendMethod],
    pairs: Iterable[OpenPairs],
    *,
    journal: MemoryJournal | None = None,
    account: Account | None = None,
    cancel_token: CancelToken | None = None,
    stop_after_failures: int = 0,
    **settings: Any,
) -> Ended:
    """Send pairs through the engine to a virtual HubSpot; to be awaited in virtual time."""
    journal = journal or MemoryJournal()
    waiting = iter(pairs)
    stats, decisions = RunStats(), list[str]()
    real = cast(HubSpot, hubspot)  # a double that speaks as it does
    session = Session(
        ConnectionSettings(**settings),
        real,
        hubspot.pace,
        account,
        stats,
        lambda name, _details: decisions.append(name),
        cancel_token or CancelToken(),
    )

    async def read() -> OpenPairs | None:
        return next(waiting, None)

    stopped: Stopped | None = None
    began = asyncio.get_running_loop().time()
    try:
        await send_pairs(
            session,
            method(real),
            read,
            journal,
            stop_after_failures=stop_after_failures,
            now=now,
            random=lambda: 0.5,
        )
    except Stopped as why:
        stopped = why
    seconds = asyncio.get_running_loop().time() - began
    return Ended(stopped, journal, hubspot, stats, seconds, decisions)


def contacts(count: int, first: int = 1) -> list[Pair]:
    """So many pairs of a contact and a company each."""
    return [
        Pair(row, "contacts", str(10**6 + row), "companies", str(2 * 10**6 + row), id=row)
        for row in range(first, first + count)
    ]


def associated(request: Request) -> Reply:
    """The answer that all pairs of a request are associated."""
    results = [
        {
            "from": {"id": a},
            "to": {"id": b},
            "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id},
        }
        for source, target in request.pairs
        for a, b, type_id in ((source, target, 279), (target, source, 280))
    ]
    return Reply(200, {"status": "COMPLETE", "results": results})


NO_ANSWER = Verdict(Kind.NO_ANSWER, 0, "TIMEOUT", "no answer within 30 s")
UNREACHABLE = Verdict(Kind.UNREACHABLE, 0, "UNREACHABLE", "No connection to api.hubapi.com:443")
