"""The association endpoints: default by PUT and by batch, batch read, batch archive."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loader.simulator import SimulatorSettings, SimulatorState
from tests.support.simulator_client import Answer, Client, against, pairs_json

DEFAULTS = [
    ("contacts", "companies", 279, 280),
    ("companies", "contacts", 280, 279),
    ("deal", "Company", 341, 342),
    ("0-1", "DEALS", 4, 3),
    ("tickets", "0-2", 339, 340),
    ("contact", "ticket", 15, 16),
    ("deals", "tickets", 27, 28),
]


def _ids(answer: Answer) -> set[tuple[str, str]]:
    return {(result["from"]["id"], result["to"]["id"]) for result in answer.json["results"]}


def test_a_put_makes_the_default_association_in_both_directions() -> None:
    async def story(client: Client) -> None:
        for number, (from_type, to_type, forth, back) in enumerate(DEFAULTS, start=11):
            answer = await client.put(str(number), "22", (from_type, to_type))
            assert (answer.status, answer.json["status"]) == (200, "COMPLETE")
            assert answer.json["results"] == [
                {
                    "from": {"id": one},
                    "to": {"id": other},
                    "associationSpec": {
                        "associationCategory": "HUBSPOT_DEFINED",
                        "associationTypeId": type_id,
                    },
                }
                for one, other, type_id in ((str(number), "22", forth), ("22", str(number), back))
            ]
            there = client.state.types_between(from_type, str(number), to_type, "22")
            assert {spec.type_id for spec in there} == {forth}
            assert {
                spec.type_id for spec in client.state.types_between(to_type, "22", from_type, str(number))
            } == {back}

    against(story)


def test_a_pair_that_is_sent_twice_exists_once() -> None:
    async def story(client: Client) -> None:
        first, second = await client.put("1", "2"), await client.put("1", "2")
        assert first.json["results"] == second.json["results"]
        assert len(client.state.associations) == 2

    against(story)


def test_any_version_will_do_and_custom_types_are_user_defined() -> None:
    path = "/crm/objects/2026-03/2-12345/1/associations/default/p_pets/2"
    answer = against(lambda client: client.call("PUT", path))
    specs = [result["associationSpec"] for result in answer.json["results"]]
    assert {spec["associationCategory"] for spec in specs} == {"USER_DEFINED"}


def test_what_can_not_be_associated() -> None:
    async def story(client: Client) -> None:
        for types, message in (
            (("2-404", "contacts"), "no default association type"),
            (("contacts", "p_unrelated"), "no default association type"),
            (("contacts", "kontakte"), "Unable to infer object type from: kontakte"),
            (("0-99", "contacts"), "Unable to infer object type from: 0-99"),
        ):
            answer = await client.put("1", "2", types)
            assert answer.status == 400
            assert message in answer.json["message"]
            assert ("category" in answer.json) == ("Unable" not in message)
        for record_id in ("abc", "-1", "12345678901234567890", "1%2F2", "٣"):
            assert (await client.put(record_id, "2")).status == 400
        octets = {"Content-Type": "application/octet-stream"}
        path = "/crm/objects/2025-09/contacts/1/associations/default/companies/2"
        assert (await client.call("PUT", path, headers=octets)).status == 415
        assert not client.state.associations

    against(story)


def test_a_missing_record_is_named_in_the_context() -> None:
    state = SimulatorState()
    state.remove_record("contacts", "9")
    state.keep_only("companies", frozenset({"2"}))

    async def story(client: Client) -> None:
        answer = await client.put("9", "2")
        assert (answer.status, answer.json["category"]) == (400, "VALIDATION_ERROR")
        assert answer.json["message"] == "One or more associations are invalid"
        assert answer.json["context"] == {"INVALID_OBJECT_IDS": ["CONTACT=9 is not valid"]}
        assert answer.json["correlationId"] == answer.headers["X-HubSpot-Correlation-Id"]
        assert [(await client.put("1", to_id)).status for to_id in ("2", "3")] == [200, 400]
        # an ID that only one type has
        assert [(await client.put("1", to_id)).status for to_id in ("9100200000001",)] == [400]
        assert (await client.put("9100100000001", "2")).status == 200

    against(story, state=state)


def test_a_record_that_exists_may_be_refused_in_the_words_for_a_missing_one() -> None:
    async def story(client: Client) -> None:
        answer = await client.put("1", "2")
        assert answer.json["context"] == {"INVALID_OBJECT_IDS": ["CONTACT=1 is not valid"]}
        path = "/crm/objects/2025-09/contacts/batch/read"
        read = await client.call("POST", path, json={"inputs": [{"id": "1"}]})
        assert (read.status, read.json["results"][0]["id"]) == (200, "1")
        client.simulator.settings = replace(settings, types_without_read_scope=frozenset({"0-1"}))
        read = await client.call("POST", path, json={"inputs": [{"id": "1"}]})
        scopes = read.json["errors"][0]["context"]["requiredGranularScopes"]
        assert (read.status, scopes) == (403, ["crm.objects.contacts.read"])

    settings = SimulatorSettings(types_refused=frozenset({"contacts"}))
    against(story, settings)


def test_missing_scopes_are_named() -> None:
    async def story(client: Client) -> None:
        closed = await client.put("1", "2")
        assert (closed.status, closed.json["category"]) == (403, "MISSING_SCOPES")
        scopes = closed.json["errors"][0]["context"]["requiredGranularScopes"]
        assert scopes == ["crm.objects.companies.write"]
        assert (await client.put("1", "2", ("contacts", "deals"))).status == 200

    against(story, SimulatorSettings(types_without_scope=frozenset({"companies"})))


@pytest.mark.parametrize("settings", [{"max_associations": 2}, {"configured_associations": 2}])
def test_a_record_takes_no_more_associations_than_its_limit(settings: dict[str, int]) -> None:
    async def story(client: Client) -> None:
        pairs = [("1", "7"), ("2", "7"), ("3", "7"), ("2", "7"), ("3", "8")]
        assert [(await client.put(*pair)).status for pair in pairs] == [200, 200, 400, 200, 200]
        batch = await client.associate(("3", "7"), ("4", "8"), ("5", "8"))
        assert (batch.json["numErrors"], _ids(batch)) == (2, {("4", "8"), ("8", "4")})

    against(story, SimulatorSettings(**settings))  # type: ignore[arg-type]


def test_a_batch_names_its_bad_pairs_or_not() -> None:
    state = SimulatorState()
    state.remove_record("companies", "9")
    pairs = [("1", "2"), ("1", "9"), ("9000422000001", "2"), ("3", "4")]

    async def story(client: Client) -> None:
        for failure, status in (("207", 207), ("200", 200)):
            for named, errors in ((None, 2), (1, 1), (0, 0)):
                client.simulator.settings = SimulatorSettings(batch_failure=failure, named_errors=named)  # type: ignore[arg-type]
                answer = await client.associate(*pairs)
                assert answer.status == status
                assert _ids(answer) == {("1", "2"), ("2", "1"), ("3", "4"), ("4", "3")}
                assert (answer.json["numErrors"], len(answer.json["errors"])) == (2, errors)
                assert [error["context"]["toObjectId"] for error in answer.json["errors"]] == [["9"], ["2"]][
                    :errors
                ]
        client.simulator.settings = SimulatorSettings(name_bad_pairs=False)
        answer = await client.associate(*pairs)
        assert [error["context"] for error in answer.json["errors"]] == [{}, {}]
        assert len(client.state.associations) == 4

    against(story, state=state)


def test_a_batch_may_fail_as_a_whole_and_make_nothing() -> None:
    state = SimulatorState()
    settings = SimulatorSettings(batch_failure="400")
    answer = against(lambda client: client.associate(("1", "2"), ("9000404000001", "2")), settings, state)
    assert (answer.status, "context" in answer.json) == (400, False)
    assert not state.associations


def test_a_fault_in_a_batch_is_the_pairs_or_the_whole_batchs() -> None:
    async def story(client: Client) -> None:
        for magic, status, errors in (
            ("9000400000001", 207, 1),
            ("9000404000001", 207, 1),
            ("9000403000001", 207, 1),
            ("9000200200001", 207, 1),
            ("9000200100001", 200, 0),  # the answer leaves the pair out without a word
            ("9000201000001", 201, 0),
            ("9000403300001", 403, 0),
            ("9000503000001", 503, 0),
        ):
            client.state.unlink(next(iter(client.state.associations), ("", "", "", "")))  # type: ignore[arg-type]
            answer = await client.associate(("1", "2"), (magic, "2"))
            assert (answer.status, answer.json.get("numErrors", 0)) == (status, errors), magic
            made = {ends.from_id for ends in client.state.associations}
            assert ("1" in made) == (status < 300)
            assert (magic in made) == (status == 201)
        twice = [(await client.associate(("1", "2"), ("9000503001001", "2"))).status for _ in range(2)]
        assert twice == [503, 200]

    against(story)


def test_a_batch_has_a_size_and_a_form() -> None:
    async def story(client: Client) -> None:
        for action, most in (("associate/default", 2000), ("read", 1000), ("archive", 100)):
            to: object = [{"id": "5"}, {"id": "6"}] if action == "archive" else {"id": "5"}
            inputs = [{"id": str(n), "from": {"id": str(n)}, "to": to} for n in range(1, most + 2)]
            assert (await client.batch(action, inputs[:most])).status < 300
            assert (await client.batch(action, inputs)).status == 400
        for body in (b"", b"{", b"[]", b'{"inputs":[]}', b'{"inputs":[1]}', b'{"inputs":7}'):
            path = "/crm/associations/2025-09/contacts/companies/batch/read"
            assert (await client.call("POST", path, data=body)).status == 400

    against(story)


@pytest.mark.parametrize(
    ("settings", "calls"),
    [({"read_page": 2}, 3), ({"read_page": 5}, 1), ({"read_page": 4, "read_results": 3}, 2)],
)
def test_reading_back_goes_in_pages_and_results(settings: dict[str, int], calls: int) -> None:
    state = SimulatorState()
    for number in range(5):
        state.associate("contacts", "1", "companies", str(100 + number))
    state.associate("contacts", "1", "companies", "100", label="Billing")

    async def story(client: Client) -> None:
        answer = await client.batch("read", [{"id": "1"}, {"id": "2"}])
        assert answer.status == 207
        assert len(answer.json["results"]) == settings.get("read_results", 1)
        specs = answer.json["results"][0]["to"][0]["associationTypes"]
        assert [spec["label"] for spec in specs] == [None, "Billing"]
        (error,) = answer.json["errors"]
        assert error["category"] == "OBJECT_NOT_FOUND"
        assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
        assert error["context"]["fromObjectId"] == ["2"]
        ids: list[str] = []
        while True:
            ids += [to["toObjectId"] for result in answer.json["results"] for to in result["to"]]
            paging = answer.json["results"][-1].get("paging")
            if paging is None:
                break
            answer = await client.batch("read", [{"id": "1", "after": paging["next"]["after"]}])
        assert sorted(ids) == ["100", "101", "102", "103", "104"]
        assert client.state.calls["batch read"] == calls

    against(story, SimulatorSettings(**settings), state)  # type: ignore[arg-type]


def test_sub_category_may_be_an_object() -> None:
    settings = SimulatorSettings(sub_category="object")
    answer = against(lambda client: client.batch("read", [{"id": "2"}]), settings)
    (error,) = answer.json["errors"]
    assert error["subCategory"] == {"name": "crm.associations.NO_ASSOCIATIONS_FOUND"}


@pytest.mark.parametrize("removes", [True, False])
def test_an_archive_removes_all_types_in_both_directions_and_answers_as_it_is_told(removes: bool) -> None:
    inputs = [{"from": {"id": "1"}, "to": [{"id": "2"}]}]

    async def story(client: Client) -> None:
        for form, status, body in (
            ("204", 204, b""),
            ("200", 200, b""),
            ("202", 202, b""),
            ("{}", 200, b"{}"),
            ('{"success": false}', 200, b'{"success": false}'),
            ("COMPLETE", 200, None),
        ):
            client.state.associate("contacts", "1", "companies", "2", label="Billing")
            client.state.associate("contacts", "1", "companies", "3")
            client.simulator.settings = SimulatorSettings(archive_answer=form, archive_removes=removes)  # type: ignore[arg-type]
            answer = await client.batch("archive", inputs)
            assert answer.status == status
            assert answer.body == body if body is not None else answer.json["status"] == "COMPLETE"
            left = {(ends.from_id, ends.to_id) for ends in client.state.associations}
            assert (("1", "2") in left, ("2", "1") in left) == (not removes, not removes)
            assert ("1", "3") in left

    against(story)


def test_an_archive_names_what_it_can_not_remove() -> None:
    async def story(client: Client) -> None:
        for to_id in ("2", "3", "4"):
            client.state.associate("contacts", "1", "companies", to_id)
        for to_id in ("2", "3"):
            client.state.lock("contacts", "1", "companies", to_id)
        answer = await client.batch("archive", [{"from": {"id": "1"}, "to": [{"id": n} for n in "234"]}])
        assert (answer.status, answer.json["numErrors"], len(answer.json["errors"])) == (207, 2, 1)
        assert {ends.to_id for ends in client.state.associations if ends.from_id == "1"} == {"2", "3"}

    against(story, SimulatorSettings(named_errors=1))


def test_a_planned_fault_may_come_after_the_work_is_done() -> None:
    """As when an answer is lost: the client must not take it for a failure."""

    async def story(client: Client) -> None:
        inputs = pairs_json([("1", "2")])
        client.state.fail("9000201000001", path_prefix="/crm/associations/")
        assert (await client.batch("associate/default", inputs)).status == 201
        client.state.fail("9000200800001", path_prefix="/crm/associations/")
        assert (await client.batch("archive", [{"from": {"id": "1"}, "to": [{"id": "2"}]}])).status == 200
        assert not client.state.associations

    against(story)
