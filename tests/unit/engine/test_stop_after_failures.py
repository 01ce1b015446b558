"""Refusals of the first pairs: a wrong file, or a token that may write records and not read them?"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from loader.engine.batching import MOST_PAIRS, BatchSender, batch_packing
from loader.engine.methods import PutSender, one_by_one
from loader.engine.sender import SendMethod
from loader.engine.work_item import OpenPairs
from loader.hubspot import HubSpot
from loader.pace import Pace
from tests.support.clock import run
from tests.support.engine import Ended, Reply, Request, VirtualHubSpot, associated, contacts, run_pairs

INVALID = Reply(400, {"category": "VALIDATION_ERROR", "message": "One or more associations are invalid"})
SCOPES = Reply(403, {"category": "MISSING_SCOPES", "message": "no scope"})


def put(hubspot: HubSpot) -> SendMethod:
    return SendMethod(PutSender(hubspot), one_by_one)


def batch(hubspot: HubSpot) -> SendMethod:
    return SendMethod(BatchSender(hubspot), batch_packing(), pairs=MOST_PAIRS)


def loaded(read: Any, *, good: int = 0, method: Any = put, rows: int = 210) -> Ended:
    """Load pairs of which the first `good` are associated and all others are refused as invalid.

    `read` answers the reading of records: what exists among the IDs, or a reply.
    """

    async def script(request: Request) -> Reply:
        await asyncio.sleep(0.1)
        if request.path.endswith("/batch/read"):
            ids = [one["id"] for one in request.body["inputs"]]
            return (
                read if isinstance(read, Reply) else Reply(200, {"results": [{"id": i} for i in read(ids)]})
            )
        if len(request.pairs) == 1 and int(request.pairs[0][0]) <= 10**6 + good:
            return associated(request)
        return INVALID

    hubspot = VirtualHubSpot(script, pace=Pace())
    chunks = [OpenPairs(contacts(rows))]
    return run(run_pairs(hubspot, method, chunks, stop_after_failures=100, workers=20))


def reads(ended: Ended) -> int:
    return sum(request.path.endswith("/batch/read") for request in ended.hubspot.requests)


@pytest.mark.parametrize(("read", "method"), [(list, put), (SCOPES, put), (Reply(403), put), (list, batch)])
def test_records_that_exist_or_may_not_be_read_are_an_access_problem(read: Any, method: Any) -> None:
    ended = loaded(read, method=method)
    assert ended.reason == "no_read_access"
    assert ended.stopped is not None
    assert "--retry" in ended.stopped.hint
    assert "contacts and companies" in ended.stopped.hint
    assert set(ended.journal.statuses()) == {"failed"}  # they stay refused
    assert len(ended.journal.outcomes) < 100
    assert reads(ended) == 2


@pytest.mark.parametrize("read", [lambda _ids: [], Reply(500)])
def test_records_that_do_not_exist_are_a_wrong_file(read: Any) -> None:
    ended = loaded(read)
    assert ended.reason == "too_many_failures"
    assert 100 <= len(ended.journal.outcomes) <= 200
    assert reads(ended) == 2


def test_nothing_is_read_if_any_pair_was_associated() -> None:
    ended = loaded(list, good=1)
    assert ended.reason == "too_many_failures"
    assert reads(ended) == 0


def test_nothing_is_sent_while_the_records_are_read() -> None:
    ended = loaded(list)
    times = [request.at for request in ended.hubspot.requests if request.path.endswith("/batch/read")]
    between = [
        one for one in ended.hubspot.requests if times[0] < one.at < times[1] + 0.1 and one.method == "PUT"
    ]
    assert not between


def test_fewer_pairs_prove_nothing() -> None:
    ended = loaded(list, rows=4)
    assert ended.stopped is None
    assert reads(ended) == 0


def test_pairs_that_one_answer_refuses_are_refused_in_a_row() -> None:
    async def script(request: Request) -> Reply:
        await asyncio.sleep(0.1)
        errors = [
            {"message": "no such record", "context": {"fromObjectId": [one], "toObjectId": [other]}}
            for one, other in request.pairs
        ]
        return Reply(207, {"status": "COMPLETE", "results": [], "errors": errors, "numErrors": len(errors)})

    hubspot = VirtualHubSpot(script, pace=Pace())
    ended = run(run_pairs(hubspot, batch, [OpenPairs(contacts(9_000))], stop_after_failures=100, workers=1))
    assert ended.reason == "too_many_failures"
    assert len(ended.journal.outcomes) == MOST_PAIRS
