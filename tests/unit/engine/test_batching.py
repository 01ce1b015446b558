"""Items for many pairs, what an answer for many means for each of them, and what a fault of a batch costs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import pytest

from loader.engine.batching import (
    MOST_PAIRS,
    BatchSender,
    batch_packing,
    parse_batch_response,
    record_packing,
)
from loader.engine.sender import PartialResult, SendMethod
from loader.engine.work_item import OpenPairs, WorkItem
from loader.hubspot import Answer, HubSpot
from loader.model import Pair
from tests.support.clock import run
from tests.support.engine import (
    NO_ANSWER,
    Ended,
    Reply,
    Request,
    Script,
    VirtualHubSpot,
    associated,
    contacts,
    run_pairs,
)


def some_pairs(
    ends: Iterable[tuple[str, str]], types: tuple[str, str] = ("contacts", "contacts")
) -> list[Pair]:
    return [Pair(row, types[0], a, types[1], b) for row, (a, b) in enumerate(ends, 1)]


def test_a_pair_and_its_reverse_are_never_in_one_item() -> None:
    draw = random.Random(3)
    ends = list({(str(draw.randrange(1, 90)), str(draw.randrange(1, 90))) for _ in range(6000)})
    pairs = some_pairs((a, b) for a, b in ends if a != b)
    pack = batch_packing()
    items = [*pack(pairs[:2500], "", False), *pack(pairs[2500:], "", False), *pack([], "", True)]
    assert sorted(pair for item in items for pair in item.pairs) == sorted(pairs)
    for item in items:
        together = {(pair.from_id, pair.to_id) for pair in item.pairs}
        assert not together & {(b, a) for a, b in together}
        assert len(item.pairs) <= 2000


def test_an_item_has_one_pair_of_types_and_few_pairs_are_held_back() -> None:
    pack = batch_packing()
    items: list[WorkItem] = []
    total = 0
    for kind in range(80):
        pairs = some_pairs(((str(i), "7") for i in range(10, 710)), (f"2-{kind}", "0-2"))
        total += len(pairs)
        items += pack(pairs, "", False)
        assert total - sum(len(item.pairs) for item in items) <= 51_000
    items += pack([], "", True)
    assert sum(len(item.pairs) for item in items) == total
    assert all(len({(p.from_type, p.to_type) for p in item.pairs}) == 1 for item in items)


def test_an_item_has_one_past() -> None:
    pack = batch_packing()
    pairs = some_pairs((str(i), "7") for i in range(10, 16))
    items = [*pack(pairs[:2], "no", False), *pack(pairs[2:4], "yes", False), *pack(pairs[4:], "no", True)]
    assert [(item.existed_before, len(item.pairs)) for item in items] == [("no", 4), ("yes", 2)]


@pytest.mark.parametrize(
    ("per_record", "sizes"), [(1, [100] * 25), (7, [700, 700, 700, 400]), (2500, [1000, 1000, 500])]
)
def test_items_by_records(per_record: int, sizes: list[int]) -> None:
    pairs = some_pairs((str(i // per_record + 1), str(i + 1)) for i in range(2500))
    items = record_packing(100, 1000)(pairs, "no", True)
    assert [len(item.pairs) for item in items] == sizes
    assert [pair for item in items for pair in item.pairs] == pairs


def read(ends: list[tuple[str, str]], **document: Any) -> PartialResult:
    item = WorkItem(some_pairs(ends, ("contacts", "companies")), existed_before="no")
    body = orjson.dumps({"status": "COMPLETE", **document})
    found = parse_batch_response(item, Answer(207, {"X-HubSpot-Correlation-Id": "c"}, body), 5.0)
    assert isinstance(found, PartialResult)
    return found


def test_outcomes_come_in_the_order_of_the_rows_and_tell_where_they_come_from() -> None:
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}
    results = [
        {"from": {"id": a}, "to": {"id": b}, "associationSpec": spec} for a, b in (("3", "13"), ("1", "11"))
    ]
    context = {"fromObjectId": ["2"], "toObjectId": ["12"]}
    errors = [{"category": "VALIDATION_ERROR", "message": "no", "context": context}]
    found = read([("1", "11"), ("2", "12"), ("3", "13"), ("4", "14")], results=results, errors=errors)
    outcomes = [outcome for group in found.groups for outcome in group.outcomes]
    assert [(outcome.pair.from_id, str(outcome.status)) for outcome in outcomes] == [
        ("1", "associated"),
        ("2", "failed"),
        ("3", "associated"),
    ]
    assert {(o.http_status, o.attempts, o.existed_before, o.completed_at) for o in outcomes} == {
        (207, 1, "no", 5.0)
    }
    assert outcomes[0].association_types == "HUBSPOT_DEFINED:279"
    assert outcomes[0].correlation_id == "c"
    assert (outcomes[1].error_category, outcomes[1].error_message) == ("VALIDATION_ERROR", "no")
    (again,) = found.again
    assert ([pair.from_id for pair in again.pairs], again.partly_associated) == (["4"], True)
    assert again.existed_before == "no"


def test_many_open_pairs_go_in_halves() -> None:
    found = read([(str(i), "7") for i in range(100, 300)], results=[])
    assert [len(item.pairs) for item in found.again] == [100, 100]
    assert not any(item.partly_associated for item in found.again)


# Faults, in virtual time.


def batch(hubspot: HubSpot) -> SendMethod:
    return SendMethod(BatchSender(hubspot), batch_packing(), pairs=MOST_PAIRS)


def sent(script: Script, pairs: list[Pair], **more: Any) -> Ended:
    return run(run_pairs(VirtualHubSpot(script), batch, [OpenPairs(pairs)], **more))


def another(request: Request) -> Reply:
    """Results that name another pair, for a request of many; one pair is answered."""
    if len(request.pairs) == 1:
        return associated(request)
    return associated(request._replace(body={"inputs": [{"from": {"id": "4"}, "to": {"id": "5"}}]}))


@pytest.mark.parametrize(
    "fault",
    [
        Reply(500),
        Reply(429),
        Reply(413, {"category": "PAYLOAD_TOO_LARGE"}),
        NO_ANSWER,
        Reply(200, {"status": "COMPLETE", "results": []}),
        Reply(200, {"status": "PENDING"}),
        Reply(200, []),
        Reply(200, "<html>"),
        another,
    ],
)
def test_a_fault_of_the_whole_batch_loses_no_pair(fault: Any) -> None:
    async def script(request: Request) -> Any:
        if len(asked) == 2:
            return associated(request)
        asked.append(request)
        return fault(request) if callable(fault) else fault

    asked: list[Request] = []
    ended = sent(script, contacts(60))
    assert ended.stopped is None
    assert Counter(ended.journal.statuses()) == {"associated": 60}


def spoilt_by(bad: dict[str, Reply]) -> Callable[[Request], Reply]:
    """What answers a request: associated, unless one of some records is among its pairs."""

    def answer(request: Request) -> Reply:
        return next((bad[source] for source, _ in request.pairs if source in bad), associated(request))

    return answer


def test_pairs_that_spoil_every_batch_they_are_in() -> None:
    rows = contacts(40)
    empty = Reply(200, {"status": "COMPLETE", "results": []})
    replies = [Reply(500), Reply(422, {"category": "VALIDATION_ERROR"}), empty]
    answer = spoilt_by(dict(zip([pair.from_id for pair in rows[7:10]], replies, strict=True)))

    async def script(request: Request) -> Reply:
        return answer(request)

    statuses = sent(script, rows, max_attempts=2).journal.statuses()
    assert statuses[7:10] == ["gave_up", "failed", "failed"]
    assert set(statuses[:7] + statuses[10:]) == {"associated"}


def test_a_bad_pair_in_every_batch_takes_no_other_pair_along() -> None:
    """Then every answer is a 500, until pairs are sent in smaller requests."""
    # No request takes pairs of different types, so these are 14 requests of a hundred pairs.
    rows = [pair._replace(to_type=f"2-{1000 + pair.row // 100}") for pair in contacts(1400)]
    answer = spoilt_by({pair.from_id: Reply(500) for pair in rows[35::100]})

    async def script(request: Request) -> Reply:
        return answer(request)

    ended = sent(script, rows, max_attempts=2)
    wrong = [place for place, status in enumerate(ended.journal.statuses()) if status != "associated"]
    assert wrong == [*range(35, 1400, 100)]
    assert len(ended.hubspot.requests) < 700, "they were sent one by one"
