"""The simulator's magic IDs: each fault as a client on the other end of the wire sees it."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import orjson
import pytest

from loader.simulator import SimulatorSettings, SimulatorState, magic_table
from tests.support.simulator_client import Client, against

NOW = 1_784_908_800.0


def test_every_status_can_be_had() -> None:
    async def story(client: Client) -> None:
        for status in [*range(301, 304), *range(305, 309), *range(400, 600)]:
            answer = await client.put(f"9000{status}000001", "2")
            assert answer.status == status
            if status in (520, 524):
                assert answer.body.startswith(b"<!DOCTYPE html>")
            else:
                assert answer.json["correlationId"] == answer.headers["X-HubSpot-Correlation-Id"]
            if status < 400:
                assert answer.headers["Location"].startswith("http://localhost:")

    against(story, SimulatorSettings(rate_limit=0))


def test_variants_of_a_status() -> None:
    async def story(client: Client) -> None:
        for digits, field, value in (
            ("4000", "context", {"INVALID_OBJECT_IDS": ["CONTACT=9000400000001 is not valid"]}),
            ("4003", "message", "Unable to infer object type from: 0-1"),
            ("4004", "message", "There is no default association type between contact and company"),
            ("4005", "message", "The record has reached its limit of associated records"),
            ("4010", "category", "INVALID_AUTHENTICATION"),
            ("4013", "category", "EXPIRED_AUTHENTICATION"),
            ("4015", "category", "INVALID_AUTHENTICATION"),  # no such variant: acts as 0
            ("4030", "category", "FORBIDDEN"),
            ("4033", "category", "MISSING_SCOPES"),
            ("4034", "category", "USER_DOES_NOT_HAVE_PERMISSIONS"),
            ("4040", "category", "OBJECT_NOT_FOUND"),
            ("4090", "category", "CONFLICT"),
            ("4220", "category", "VALIDATION_ERROR"),
            ("4230", "category", "LOCKED"),
            ("4290", "policyName", "TEN_SECONDLY_ROLLING"),
            ("4293", "policyName", "DAILY"),
            ("4294", "policyName", "SECONDLY"),
            ("4770", "category", "MIGRATION"),
            ("4880", "correctHublet", "eu1"),
            ("5000", "category", "INTERNAL_ERROR"),
        ):
            assert (await client.put(f"9000{digits}00001", "2")).json[field] == value, digits
        moved = (await client.put("9000488000001", "2")).json["message"]
        assert moved == "Hub 62515 is unknown to this Hublet, but it appears to exist in Hublet eu1"
        to_id = (await client.put("1", "9000400000001")).json["context"]
        assert to_id == {"INVALID_OBJECT_IDS": ["COMPANY=9000400000001 is not valid"]}
        assert not client.state.associations

    against(story)


def test_retry_after() -> None:
    async def story(client: Client) -> None:
        for status in (423, 429, 477, 503):
            assert "Retry-After" not in (await client.put(f"9000{status}000001", "2")).headers
            assert (await client.put(f"9000{status}100001", "2")).headers["Retry-After"] == "2"
            date = (await client.put(f"9000{status}200001", "2")).headers["Retry-After"]
            assert parsedate_to_datetime(date).timestamp() == NOW + 2
            assert date.endswith(" GMT")
        for digits, value in (
            ("4295", "0"),
            ("4773", "86400"),
            ("4774", "900"),
            ("5033", "86400"),
            ("5024", "soon"),
            ("5005", "0"),
        ):
            assert (await client.put(f"9000{digits}00001", "2")).headers["Retry-After"] == value

    against(story, wall_clock=lambda: NOW)


def test_a_fault_happens_as_often_as_its_digits_say() -> None:
    async def story(client: Client) -> None:
        for record_id, statuses in (
            ("9000503002001", [503, 503, 200, 200]),
            ("9000429001001", [429, 200, 200, 200]),
            ("9000500000001", [500, 500, 500, 500]),
            ("9000201000001", [201, 201, 201, 201]),
        ):
            assert [(await client.put(record_id, "2")).status for _ in range(4)] == statuses
        # each pair counts its own tries
        assert [(await client.put("9000503001001", to)).status for to in "2323"] == [503, 503, 200, 200]

    against(story)


def test_a_success_that_made_nothing() -> None:
    async def story(client: Client) -> None:
        for variant, status, errors in (
            (1, "COMPLETE", 0),
            (2, "COMPLETE", 1),
            (3, "PENDING", 0),
            (4, "PROCESSING", 0),
            (5, "CANCELED", 0),
        ):
            answer = await client.put(f"9000200{variant}00001", "2")
            assert answer.status == 200
            assert (answer.json["status"], answer.json["results"]) == (status, [])
            assert answer.json.get("numErrors", 0) == len(answer.json.get("errors", [])) == errors
        assert not client.state.associations

    against(story)


def test_bodies_that_are_not_what_they_should_be() -> None:
    async def story(client: Client) -> None:
        for status in (200, 204, 400, 403, 503):
            broken, list_, page, empty = [
                (await client.put(f"9000{status}{variant}00001", "2")).body for variant in (6, 7, 8, 9)
            ]
            assert empty == b""
            if status == 204:
                continue
            with pytest.raises(orjson.JSONDecodeError):
                orjson.loads(broken)
            assert orjson.loads(list_) == []
            assert page.startswith(b"<!DOCTYPE html>")
        made = {ends.from_id for ends in client.state.associations if ends.to_id == "2"}
        assert {record_id[4:8] for record_id in made} == {
            f"{status}{variant}" for status in (200, 204) for variant in (6, 7, 8, 9)
        }

    against(story)


def test_other_ids_are_ordinary() -> None:
    async def story(client: Client) -> None:
        for record_id in ("9000", "90004040000011", "9000199000001", "9000699000001"):
            assert (await client.put(record_id, "2")).status == 200

    against(story)


def test_the_next_requests_can_be_made_to_fail() -> None:
    async def story(client: Client) -> None:
        details = "/account-info/2025-09/details"
        client.state.fail("9000503000001", path_prefix="/account-info/", times=2)
        assert (await client.put("1", "2")).status == 200
        assert [(await client.call("GET", details)).status for _ in range(3)] == [503, 503, 200]
        client.state.fail("9000401000001", times=0)
        assert [(await client.put("1", "2")).status for _ in range(2)] == [401, 401]
        client.state.heal()
        assert (await client.put("1", "2")).status == 200
        client.state.respond(418, b"short and stout", {"X-Pot": "tea"})
        answer = await client.put("1", "3")
        assert (answer.status, answer.body, answer.headers["X-Pot"]) == (418, b"short and stout", "tea")
        assert len(client.state.associations) == 2

    against(story)
    with pytest.raises(ValueError, match="12345"):
        SimulatorState().fail("12345")


def test_the_table_lists_ids_that_work_as_it_says() -> None:
    table = dict(magic_table())
    assert len(table) == len(magic_table())
    assert all(len(form) == 13 for form in table)

    async def story(client: Client) -> None:
        for form, meaning in table.items():
            digits = form.replace("SSS", "503").replace("2SS", "200").replace("5SS", "503")
            digits = digits.replace("V", "0").replace("KK", "00").replace("NNN", "001")
            status = int(digits[4:7]) if digits.isdigit() else 0
            if digits.startswith("9000") and status < 600 and status != 0:
                answer = await client.put(digits, "2")
                assert answer.status == status, (form, meaning)
                if "Retry-After: " in meaning and "date" not in meaning:
                    assert f"Retry-After: {answer.headers['Retry-After']}" in meaning

    against(story)
