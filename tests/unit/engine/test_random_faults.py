"""Whatever a server does, a run ends, and agrees with what the server has. In virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any, cast

import pytest

from loader.engine.cancellation import CancelToken
from loader.engine.methods import choose_method
from loader.engine.work_item import OpenPairs
from loader.hubspot.account import Account
from loader.pace import Pace, parse_rate
from loader.settings import LoadSettings
from tests.support.clock import run
from tests.support.engine import (
    NO_ANSWER,
    UNREACHABLE,
    Ended,
    Reply,
    Request,
    VirtualHubSpot,
    associated,
    contacts,
    run_pairs,
)

#: Seeds of the stories; more of them are told by hand: `python -m tests.unit.engine.test_random_faults 2000`.
SEEDS = 12


class OddAnswerError(Exception):
    """Stands for whatever interpreting an answer may raise."""


class Faulty:
    """An account that answers as a random number says, and that remembers what it has stored."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.stored: set[tuple[str, str]] = set()
        self.looked_up: list[tuple[str, str]] = []
        self.bad = draw.choice([0.0, 0.02, 0.2])
        self.trouble = draw.choice([0.0, 0.02, 0.3])

    async def __call__(self, request: Request) -> Any:
        draw = self.draw
        await asyncio.sleep(draw.choice([0.001, 0.05, 0.3, 5]))
        lost = draw.random() < self.trouble
        if lost and draw.random() < 0.5:  # before HubSpot has acted on it
            return draw.choice(
                [UNREACHABLE, Reply(429), Reply(429, headers={"Retry-After": "3"}), Reply(502)]
            )
        reply = self._act(request)
        if lost:
            if draw.random() < 0.1 and request.method != "GET":
                raise OddAnswerError
            return draw.choice(
                [
                    NO_ANSWER,
                    Reply(500),
                    Reply(503, headers={"Retry-After": "0"}),
                    Reply(200, {"x": 1}),
                    Reply(202),
                ]
            )
        return reply

    def _act(self, request: Request) -> Reply:
        if request.method == "GET":
            return Reply(200, {"portalId": 1})
        if request.path.endswith("/batch/read"):
            ids = [one["id"] for one in request.body["inputs"]]
            if "/objects/" in request.path:
                return Reply(200, {"results": [{"id": one} for one in ids]})
            types = [{"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}]
            results = [
                {
                    "from": {"id": one},
                    "to": [{"toObjectId": b, "associationTypes": types} for a, b in self.stored if a == one],
                }
                for one in ids
            ]
            return Reply(200, {"status": "COMPLETE", "results": results})
        good = [pair for pair in request.pairs if not self.is_bad(pair)]
        if request.method == "PUT" and not good:
            return Reply(400, {"category": "VALIDATION_ERROR", "message": "no such record"})
        if len(good) < len(request.pairs) and self.draw.random() < 0.3:
            return Reply(400, {"category": "VALIDATION_ERROR", "message": "all of it is refused"})
        self.stored |= set(good)
        answer = associated(request)
        ends = {frozenset(pair) for pair in good}
        results = [
            one for one in answer.body["results"] if frozenset((one["from"]["id"], one["to"]["id"])) in ends
        ]
        return Reply(207, {"status": "COMPLETE", "results": results})

    def is_bad(self, pair: tuple[str, str]) -> bool:
        return random.Random(f"{pair}{self.bad}").random() < self.bad


def story(seed: int) -> None:
    """One run against one faulty account, and whether both agree afterwards."""
    draw = random.Random(seed)
    rows = draw.choice([1, 3, 40, 400, 1200])
    account = Faulty(draw)
    pairs = contacts(rows)
    existing = {(pair.from_id, pair.to_id) for pair in pairs if draw.random() < draw.choice([0, 0.5])}
    account.stored |= existing
    skip = draw.random() < 0.5
    method = draw.choice(["put", "batch"]) if rows < 1000 else "batch"
    settings = LoadSettings(input="x.csv", method=cast(Any, method), skip_existing=skip)
    interrupted = draw.random() < 0.2

    async def main() -> Ended:
        token = CancelToken()
        if interrupted:
            asyncio.get_running_loop().call_later(draw.random() * 20, token.cancel)
        pace = Pace(cap=parse_rate(draw.choice(["100/10", "1000/1"])))
        chunks = [OpenPairs(pairs[at : at + 1000]) for at in range(0, rows, 1000)]
        return await run_pairs(
            VirtualHubSpot(account, pace),
            lambda hubspot: choose_method(settings, hubspot),
            chunks,
            account=Account(1, "", "", "UTC"),
            cancel_token=token,
            workers=draw.choice([1, 3, 100]),
            max_attempts=draw.choice([1, 3, 8]),
        )

    ended = run(main())
    agree(ended, account, existing, rows, skip, interrupted)


def agree(
    ended: Ended, account: Faulty, existing: set[tuple[str, str]], rows: int, skip: bool, interrupted: bool
) -> None:
    outcomes = ended.journal.outcomes
    if ended.stopped is None and not interrupted:
        assert len(outcomes) == rows, "not every pair has an outcome"
    for pair, outcome in outcomes.items():
        ends = (pair.from_id, pair.to_id)
        if outcome.status in ("associated", "existing"):
            assert ends in account.stored, f"{outcome.status}, and it is not stored"
        if outcome.status == "existing":
            assert skip
            assert ends in existing, "it was this run that made it"
        if outcome.existed_before == "no":
            assert ends not in existing
        if outcome.existed_before == "yes":
            assert ends in existing
    in_doubt = {pair for pair in ended.journal.recorded if pair not in outcomes}
    made = account.stored - existing
    known = {(pair.from_id, pair.to_id) for pair in (*outcomes, *in_doubt)}
    assert made <= known, "made, and the journal knows nothing of it"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_run_ends_and_agrees_with_the_server(seed: int) -> None:
    story(seed)


if __name__ == "__main__":
    import sys

    tell: Callable[[str], object] = print
    for number in range(int(sys.argv[1])):
        try:
            story(number)
        except Exception as error:
            tell(f"seed {number}: {type(error).__name__}: {error}")
