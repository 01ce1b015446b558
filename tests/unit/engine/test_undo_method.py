"""Removing pairs: what has a label is left, and `removed` has proof. In virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from loader.engine.undo_method import undo_method
from loader.engine.work_item import OpenPairs
from loader.pace import Pace
from tests.support.clock import run
from tests.support.engine import Ended, Reply, Request, VirtualHubSpot, contacts, run_pairs

DEFAULT = {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}
LABEL = {"category": "USER_DEFINED", "typeId": 5, "label": "Billing"}
INTEGRATION = {"category": "INTEGRATOR_DEFINED", "typeId": 6, "label": "Sync"}


class Store:
    """An account with associations, which answers an archive with `reply` and may remove nothing."""

    def __init__(self, rows: int, reply: Callable[[Request], Reply], *, removes: bool = True) -> None:
        self.types: dict[tuple[str, str], list[dict[str, Any]]] = {
            (pair.from_id, pair.to_id): [DEFAULT] for pair in contacts(rows)
        }
        self.removals: list[set[tuple[str, str]]] = []
        self._reply, self._removes = reply, removes

    async def __call__(self, request: Request) -> Reply:
        await asyncio.sleep(0.1)
        if request.path.endswith("/batch/read"):
            asked = {one["id"]: list[dict[str, Any]]() for one in request.body["inputs"]}
            for (source, target), types in self.types.items():
                if source in asked:
                    asked[source].append({"toObjectId": target, "associationTypes": types})
            results = [{"from": {"id": source}, "to": targets} for source, targets in asked.items()]
            return Reply(200, {"status": "COMPLETE", "results": results})
        pairs = {(one["from"]["id"], to["id"]) for one in request.body["inputs"] for to in one["to"]}
        self.removals.append(pairs)
        if self._removes:
            for pair in pairs:
                self.types.pop(pair, None)
        return self._reply(request)


def undone(store: Store, rows: int, **more: Any) -> Ended:
    hubspot = VirtualHubSpot(store, more.pop("pace", None))
    return run(run_pairs(hubspot, undo_method, [OpenPairs(contacts(rows))], **more))


def always(status: int, body: Any = None) -> Callable[[Request], Reply]:
    return lambda _request: Reply(status, body)


NO_PROOF = [
    always(200, None),
    always(202, None),
    always(200, {}),
    always(200, {"success": False}),
    always(207, {"status": "COMPLETE", "numErrors": 5, "errors": [{"message": "no", "context": {}}]}),
    always(200, {"status": "ERROR"}),
]


def test_a_204_is_proof() -> None:
    store = Store(250, always(204))
    ended = undone(store, 250)
    assert Counter(ended.journal.statuses()) == {"removed": 250}
    assert [len(pairs) for pairs in store.removals] == [100, 100, 50]
    assert sum(request.path.endswith("/batch/read") for request in ended.hubspot.requests) == 1
    assert not store.types


@pytest.mark.parametrize("reply", NO_PROOF)
def test_what_is_not_proved_is_read_back(reply: Callable[[Request], Reply]) -> None:
    store = Store(30, reply)
    ended = undone(store, 30)
    assert Counter(ended.journal.statuses()) == {"removed": 30}
    assert len(store.removals) == 1
    assert sum(request.path.endswith("/batch/read") for request in ended.hubspot.requests) == 2


@pytest.mark.parametrize("reply", NO_PROOF)
def test_what_is_still_there_was_not_removed(reply: Callable[[Request], Reply]) -> None:
    store = Store(30, reply, removes=False)
    ended = undone(store, 30)
    assert Counter(ended.journal.statuses()) == {"failed": 30}
    assert len(store.removals) == 3
    outcome = next(iter(ended.journal.outcomes.values()))
    assert (outcome.error_category, outcome.attempts) == ("NOT_REMOVED", 3)


@pytest.mark.parametrize("label", [LABEL, INTEGRATION])
def test_a_pair_that_has_gained_a_label_is_left(label: dict[str, Any]) -> None:
    store = Store(30, always(204))
    kept = list(store.types)[::3]
    for pair in kept:
        store.types[pair] = [DEFAULT, label]
    ended = undone(store, 30)
    assert Counter(ended.journal.statuses()) == {"removed": 20, "associated": 10}
    assert list(store.types) == kept


def test_what_is_gone_already_needs_no_request() -> None:
    store = Store(30, always(204))
    store.types.clear()
    assert Counter(undone(store, 30).journal.statuses()) == {"removed": 30}
    assert not store.removals


def test_a_label_that_is_made_during_a_pause_is_seen() -> None:
    """A reading is a minute old at most when the removal starts."""

    async def script(request: Request) -> Reply:
        if 0.5 <= request.at < 1:
            for pair in list(store.types)[200:250]:  # they have been read, and are soon to be removed
                store.types[pair] = [DEFAULT, LABEL]
            return Reply(477, headers={"Retry-After": "200"})
        return await store(request)

    store = Store(1500, always(204))
    hubspot = VirtualHubSpot(script, Pace())
    ended = run(run_pairs(hubspot, undo_method, [OpenPairs(contacts(1500))], workers=2))
    assert Counter(ended.journal.statuses()) == {"removed": 1450, "associated": 50}
    assert len(store.types) == 50


def test_a_reading_that_is_refused_removes_nothing() -> None:
    async def script(_request: Request) -> Reply:
        return Reply(400, {"category": "VALIDATION_ERROR", "message": "no"})

    ended = run(run_pairs(VirtualHubSpot(script), undo_method, [OpenPairs(contacts(3))]))
    assert ended.journal.statuses() == ["gave_up"] * 3
    assert all(request.path.endswith("/batch/read") for request in ended.hubspot.requests)


@pytest.mark.parametrize("exists", [True, False])
def test_a_pair_that_no_page_of_its_record_has_is_asked_for_from_the_other_side(exists: bool) -> None:
    """It may have moved from the second page to the first one between the two."""

    async def script(request: Request) -> Reply:
        if request.path.endswith("/batch/archive"):
            removals.append([to["id"] for one in request.body["inputs"] for to in one["to"]])
            return Reply(204)
        asked = request.body["inputs"][0]
        if "/companies/contacts/" in request.path:
            to = [{"toObjectId": pair.from_id, "associationTypes": [DEFAULT]}] if exists else []
            return Reply(200, {"status": "COMPLETE", "results": [{"from": asked, "to": to}]})
        page: dict[str, Any] = {"from": asked, "to": []}
        if "after" not in asked:
            page["paging"] = {"next": {"after": "500"}}
        return Reply(200, {"status": "COMPLETE", "results": [page]})

    removals: list[list[str]] = []
    (pair,) = contacts(1)
    ended = run(run_pairs(VirtualHubSpot(script), undo_method, [OpenPairs([pair])]))
    assert ended.journal.statuses() == ["removed"]
    assert removals == ([[pair.to_id]] if exists else [])


@pytest.mark.parametrize(
    "more",
    [
        {"paging": {"next": {"after": ["x"]}}},
        {"paging": {"next": "?"}},
        {"errors": [{"category": "INTERNAL_ERROR", "context": {"fromObjectId": ["1000001"]}}]},
        {"types": ["?"]},
    ],
)
@pytest.mark.parametrize("other_side", [True, False])
def test_a_pair_of_which_not_all_was_read_is_not_removed(more: dict[str, Any], other_side: bool) -> None:
    """What is missing may be its label, which the other side may show."""

    async def script(request: Request) -> Reply:
        if request.path.endswith("/batch/archive"):
            raise AssertionError("removed")
        asked = request.body["inputs"][0]
        turned = "/companies/contacts/" in request.path
        to: dict[str, Any] = {"toObjectId": pair.from_id if turned else pair.to_id}
        to["associationTypes"] = (
            [DEFAULT, LABEL] if turned and other_side else [DEFAULT, *more.get("types", [])]
        )
        result = {"from": asked, "to": [to]}
        document: dict[str, Any] = {"status": "COMPLETE", "results": [result]}
        if not (turned and other_side):
            result |= {name: more[name] for name in ("paging",) if name in more}
            document |= {name: more[name] for name in ("errors",) if name in more}
            for error in document.get("errors", []):
                error["context"] = {"fromObjectId": [asked["id"]]}
        return Reply(200, document)

    (pair,) = contacts(1)
    ended = run(run_pairs(VirtualHubSpot(script), undo_method, [OpenPairs([pair])]))
    assert ended.journal.statuses() == ["associated" if other_side else "gave_up"]
