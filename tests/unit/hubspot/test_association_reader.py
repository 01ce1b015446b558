"""Reading associations back, page by page, against a scripted server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from loader.hubspot import HubSpot, Secret, StaticToken, Verdict
from loader.hubspot.association_reader import AssociationReader, ExistingAssociations
from loader.model import Pair
from tests.support.wire import TOKEN, Ledger, Seen, Wire, http


def entry(to_id: Any, label: str | None = None) -> dict[str, Any]:
    kind = {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": label}
    return {"toObjectId": to_id, "associationTypes": [kind]}


def ask(
    answer: Callable[[Seen], bytes], pairs: list[Pair]
) -> tuple[ExistingAssociations | Verdict, list[Seen]]:
    async def main() -> tuple[ExistingAssociations | Verdict, list[Seen]]:
        async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
            writer.write(answer(seen))

        async with Wire(script) as wire:
            token = StaticToken(Secret(TOKEN))
            async with HubSpot(wire.url, "2025-09", token, Ledger(), timeout=5) as hubspot:
                return await AssociationReader(pairs).go_on(hubspot), wire.seen

    return asyncio.run(main())


def pair(from_id: str, to_id: str) -> Pair:
    return Pair(1, "contacts", from_id, "companies", to_id)


def body(**fields: Any) -> bytes:
    return http(200, orjson.dumps({"status": "COMPLETE", **fields}))


@pytest.mark.parametrize("cursors", [["7"], ["7", "8"]])
def test_cursors_that_go_in_a_circle_end_and_prove_nothing(cursors: list[str]) -> None:
    def answer(seen: Seen) -> bytes:
        after = orjson.loads(seen.body)["inputs"][0].get("after", cursors[-1])
        following = cursors[(cursors.index(after) + 1) % len(cursors)]
        page = {"from": {"id": "1"}, "to": [entry("9")], "paging": {"next": {"after": following}}}
        return body(results=[page])

    found, seen = ask(answer, [pair("1", "2")])
    assert isinstance(found, ExistingAssociations)
    assert not found.knows(pair("1", "2"))
    assert len(seen) == len(cursors) + 1


def test_pages_that_are_not_needed_are_not_read() -> None:
    page = {"from": {"id": "1"}, "to": [entry("2")], "paging": {"next": {"after": "1"}}}
    _, seen = ask(lambda _: body(results=[page]), [pair("1", "2")])
    assert len(seen) == 1


def test_a_record_in_two_results_is_read_on_from_both() -> None:
    def answer(seen: Seen) -> bytes:
        inputs = orjson.loads(seen.body)["inputs"]
        if inputs == [{"id": "1"}]:
            pages = [{"from": {"id": "1"}, "to": [], "paging": {"next": {"after": n}}} for n in ("a", "b")]
            return body(results=pages)
        assert sorted(item["after"] for item in inputs) == ["a", "b"]
        return body(
            results=[{"from": {"id": "1"}, "to": [entry("2")]}, {"from": {"id": "1"}, "to": [entry("3")]}]
        )

    pairs = [pair("1", "2"), pair("1", "3"), pair("1", "4")]
    found, seen = ask(answer, pairs)
    assert isinstance(found, ExistingAssociations)
    assert [found.link(pair) is not None for pair in pairs] == [True, True, False]
    assert found.knows(pair("1", "4"))
    assert len(seen) == 2


def test_a_server_that_names_ever_more_cursors_comes_to_an_end() -> None:
    def answer(seen: Seen) -> bytes:
        after = int(orjson.loads(seen.body)["inputs"][-1].get("after", 0))
        cursors = range(after + 1, after + 900)
        pages = [{"from": {"id": "1"}, "to": [], "paging": {"next": {"after": str(n)}}} for n in cursors]
        return body(results=pages)

    found, seen = ask(answer, [pair("1", "2")])
    assert isinstance(found, ExistingAssociations)
    assert not found.knows(pair("1", "2"))
    assert len(seen) < 20


def test_silence_about_a_record_is_no_proof_that_it_has_no_links() -> None:
    found, _ = ask(lambda _: body(results=[{"from": {"id": "7"}, "to": [entry("2")]}]), [pair("1", "2")])
    assert isinstance(found, ExistingAssociations)
    assert found.link(pair("1", "2")) is None
    assert not found.knows(pair("1", "2"))


@pytest.mark.parametrize("most", [1, 2])
def test_an_answer_that_is_too_large_is_asked_for_in_halves(most: int) -> None:
    def answer(seen: Seen) -> bytes:
        inputs = orjson.loads(seen.body)["inputs"]
        if len(inputs) > most:
            return body(results=[], padding=" " * (9 << 20))
        return body(results=[{"from": item, "to": [entry("2")]} for item in inputs])

    pairs = [pair(str(i), "2") for i in range(10, 17)]
    found, _ = ask(answer, pairs)
    assert isinstance(found, ExistingAssociations)
    assert all(found.link(pair) for pair in pairs)


def test_a_hub_is_asked_from_the_other_side() -> None:
    def answer(seen: Seen) -> bytes:
        assert "/companies/contacts/" in seen.path
        inputs = orjson.loads(seen.body)["inputs"]
        return body(results=[{"from": item, "to": [entry("1")]} for item in inputs])

    pairs = [pair("1", str(i)) for i in range(10, 300)]
    found, seen = ask(answer, pairs)
    assert isinstance(found, ExistingAssociations)
    assert len(seen) == 1
    assert all(found.link(pair) for pair in pairs)
    assert found.link(pair("10", "1")) is None


@pytest.mark.parametrize("junk", [b"[]", b"{}", b'{"results":7}', b'{"results":[7,{"from":7}],"errors":7}'])
def test_answers_of_any_shape_prove_nothing(junk: bytes) -> None:
    found, _ = ask(lambda _: http(200, junk), [pair("1", "2"), pair("3", "4")])
    assert isinstance(found, Verdict) or not found.knows(pair("1", "2"))
