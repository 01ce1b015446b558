"""Look-ups before the sending: how old they may be, and what a fault of one costs. In virtual time."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from loader.engine.batching import record_packing
from loader.engine.methods import choose_method
from loader.engine.sender import Admit, PartialResult, SendMethod
from loader.engine.skip_existing import look_up
from loader.engine.work_item import OpenPairs, WorkItem
from loader.hubspot import HubSpot, Verdict
from loader.hubspot.account import Account
from loader.model import Outcome, Status, group_outcomes
from loader.pace import Pace, parse_rate
from loader.settings import LoadSettings
from tests.support.clock import run
from tests.support.engine import (
    NO_ANSWER,
    Ended,
    Reply,
    Request,
    VirtualHubSpot,
    associated,
    contacts,
    now,
    run_pairs,
)

UTC = Account(1, "STANDARD", "app.hubspot.com", "UTC")
DAILY = Reply(429, {"policyName": "DAILY"})


def method(name: str) -> Callable[[HubSpot], SendMethod]:
    settings = LoadSettings(input="pairs.csv", method=name, skip_existing=True)  # type: ignore[arg-type]
    return lambda hubspot: choose_method(settings, hubspot)


class BusyAccount:
    """An account in which another integration associates every seventh pair, one after another.

    `trouble` may answer instead, by the time of a request.
    """

    def __init__(self, rows: int, seconds: float, trouble: Callable[[Request], Any]) -> None:
        pairs = [(pair.from_id, pair.to_id) for pair in contacts(rows)][::7]
        #: When each pair came to exist.
        random.Random(5).shuffle(pairs)
        self.since = {pair: (number + 1) * seconds / len(pairs) for number, pair in enumerate(pairs)}
        self.first_sent: dict[tuple[str, str], float] = {}
        self._trouble = trouble

    async def __call__(self, request: Request) -> Any:
        await asyncio.sleep(0.2)
        instead = self._trouble(request)
        sends = request.method == "PUT" or request.path.endswith("/default")
        if sends and instead in (None, NO_ANSWER):  # else HubSpot has not acted on it
            for pair in request.pairs:
                self.first_sent.setdefault(pair, request.at)
        if instead is not None:
            return instead
        if request.path.endswith("/batch/read"):
            return Reply(200, {"status": "COMPLETE", "results": self._links(request)})
        if request.method == "GET":
            return Reply(200, {})
        return associated(request)

    def _links(self, request: Request) -> list[dict[str, Any]]:
        types = [{"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}]
        known: dict[str, list[dict[str, Any]]] = {one["id"]: [] for one in request.body["inputs"]}
        for (source, target), since in self.since.items():
            if source in known and since <= request.at:
                known[source].append({"toObjectId": target, "associationTypes": types})
        return [{"from": {"id": source}, "to": targets} for source, targets in known.items()]


def ages(ended: Ended, account: BusyAccount) -> list[float]:
    """Of each pair that is claimed not to have existed: how long before its first request it existed."""
    return [
        account.first_sent[ends] - account.since[ends]
        for pair, outcome in ended.journal.outcomes.items()
        if outcome.existed_before == "no" and (ends := (pair.from_id, pair.to_id)) in account.since
    ]


def calm(_: Request) -> None:
    return None


def pause(request: Request) -> Any:
    """After 100 seconds HubSpot moves the account for almost five minutes."""
    return Reply(477, headers={"Retry-After": "299"}) if 100 <= request.at < 125 else None


def night(request: Request) -> Any:
    """The daily limit is used up after 100 seconds, until midnight in the account's zone."""
    return DAILY if 100 <= request.at < 3600 else None


def outage(request: Request) -> Any:
    """For two minutes there is no answer."""
    return NO_ANSWER if 100 <= request.at < 220 else None


PUT, BATCH = ("put", 300, "20/10"), ("batch", 2_500, "1/25")


@pytest.mark.parametrize(
    ("sending", "trouble"),
    [(PUT, pause), (PUT, night), (BATCH, calm), (BATCH, pause), (BATCH, outage)],
)
def test_what_is_said_not_to_exist_did_not_exist_a_minute_before_it_was_sent(
    sending: tuple[str, int, str], trouble: Callable[[Request], Any]
) -> None:
    name, rows, rate = sending

    async def main() -> Ended:
        return await run_pairs(
            VirtualHubSpot(account, pace=Pace(cap=parse_rate(rate))),
            method(name),
            (OpenPairs(contacts(100, first)) for first in range(1, rows, 100)),
            account=UTC,
            wait_for_daily_reset=True,
            workers=20,
        )

    account = BusyAccount(rows, 4000 if trouble is night else 600, trouble)
    ended = run(main())
    assert ended.stopped is None
    assert len(ended.journal.outcomes) == rows
    assert set(ended.journal.statuses()) == {"associated", "existing"}
    found = ages(ended, account)
    assert found, "nothing was put to the test"
    assert max(found) <= 60.5
    unsure = [outcome for outcome in ended.journal.outcomes.values() if not outcome.existed_before]
    assert not unsure


class Reading:
    """Reads pairs, as `verify` does; all of them exist."""

    def __init__(self, hubspot: HubSpot) -> None:
        self._hubspot = hubspot

    async def send(self, item: WorkItem, admit: Admit) -> Verdict | PartialResult:
        existing = await look_up(item, self._hubspot, admit, now)
        if isinstance(existing, Verdict):
            return existing
        outcomes = [Outcome(pair, Status.EXISTING, now()) for pair in item.pairs]
        return PartialResult(group_outcomes(outcomes), [])


def test_a_reading_that_is_the_purpose_itself_is_never_too_old() -> None:
    async def script(request: Request) -> Reply:
        if request.at < 250:
            return Reply(477, headers={"Retry-After": "299"})
        return Reply(200, {"status": "COMPLETE", "results": []})

    def reading(hubspot: HubSpot) -> SendMethod:
        return SendMethod(Reading(hubspot), record_packing(1000, 10_000))

    ended = run(run_pairs(VirtualHubSpot(script), reading, [OpenPairs(contacts(1500))]))
    assert ended.journal.statuses() == ["existing"] * 1500


@pytest.mark.parametrize("fault", [Reply(503), Reply(429, headers={"Retry-After": "0"}), NO_ANSWER])
def test_a_fault_on_a_page_costs_that_page_alone(fault: Reply | Verdict) -> None:
    """However many pages a record has, and however often a busy account refuses one."""
    pages, asked = 5, Counter[int]()
    (pair,) = contacts(1)
    types = [{"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}]

    async def script(request: Request) -> Reply | Verdict:
        after = int(request.body["inputs"][0].get("after", 0))
        asked[after] += 1
        if asked[after] == 1:
            return fault
        last = after + 1 == pages
        found: dict[str, Any] = {"from": {"id": pair.from_id}, "to": []}
        found["to"] = [{"toObjectId": pair.to_id if last else "9", "associationTypes": types}]
        if not last:
            found["paging"] = {"next": {"after": str(after + 1)}}
        return Reply(200, {"status": "COMPLETE", "results": [found]})

    ended = run(run_pairs(VirtualHubSpot(script), method("put"), [OpenPairs([pair])], max_attempts=3))
    assert ended.journal.statuses() == ["existing"]
    assert asked == dict.fromkeys(range(pages), 2)
