"""The simulator's endpoints, from outside: what HubSpot answers, as far as it is known."""

from __future__ import annotations

import asyncio
import logging
import socket

import aiohttp
import pytest

from loader.simulator import Ends, Simulator, SimulatorSettings, SimulatorState, serve
from tests.support.simulator_client import Client, Reply, against


def _pairs(*pairs: tuple[str, str]) -> list[dict[str, dict[str, str]]]:
    return [{"from": {"id": one}, "to": {"id": other}} for one, other in pairs]


def _result_ids(reply: Reply) -> set[tuple[str, str]]:
    return {(result["from"]["id"], result["to"]["id"]) for result in reply.json["results"]}


@pytest.mark.parametrize(
    ("from_type", "to_type", "forth", "back"),
    [
        ("contacts", "companies", 279, 280),
        ("companies", "contacts", 280, 279),
        ("deal", "Company", 341, 342),
        ("0-1", "DEALS", 4, 3),
        ("tickets", "0-2", 339, 340),
        ("contact", "ticket", 15, 16),
        ("deals", "tickets", 27, 28),
    ],
)
def test_a_default_association_stands_in_both_directions(
    from_type: str, to_type: str, forth: int, back: int
) -> None:
    async def put(client: Client) -> tuple[Reply, dict[Ends, set[int]]]:
        reply = await client.put("11", "22", (from_type, to_type))
        stands = client.simulator.state.associations
        return reply, {ends: {kind.type_id for kind in kinds} for ends, kinds in stands.items()}

    reply, stands = against(put)
    assert reply.status == 200
    assert reply.json["status"] == "COMPLETE"
    assert reply.json["results"] == [
        {
            "from": {"id": one},
            "to": {"id": other},
            "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id},
        }
        for one, other, type_id in (("11", "22", forth), ("22", "11", back))
    ]
    assert [(ends.from_id, ends.to_id, ids) for ends, ids in stands.items()] == [
        ("11", "22", {forth}),
        ("22", "11", {back}),
    ]


def test_a_pair_sent_twice_stands_once() -> None:
    async def put_twice(client: Client) -> tuple[Reply, Reply, int]:
        return (
            await client.put("1", "2"),
            await client.put("1", "2"),
            len(client.simulator.state.associations),
        )

    first, second, directions = against(put_twice)
    assert first.json["results"] == second.json["results"]
    assert directions == 2


def test_any_version_will_do_and_custom_types_are_user_defined() -> None:
    async def put(client: Client) -> Reply:
        return await client.call("PUT", "/crm/objects/2026-03/2-12345/1/associations/default/p_pets/2")

    kinds = [result["associationSpec"] for result in against(put).json["results"]]
    assert {kind["associationCategory"] for kind in kinds} == {"USER_DEFINED"}


@pytest.mark.parametrize("types", [("2-404", "contacts"), ("contacts", "p_unrelated")])
def test_some_custom_types_have_no_default(types: tuple[str, str]) -> None:
    reply = against(lambda client: client.put("1", "2", types))
    assert reply.status == 400
    assert "no default association type" in reply.json["message"]


@pytest.mark.parametrize("name", ["kontakte", "0-99", "p_"])
def test_an_unknown_type_has_no_category(name: str) -> None:
    reply = against(lambda client: client.put("1", "2", ("contacts", name)))
    assert (reply.status, reply.json["message"]) == (400, f"Unable to infer object type from: {name}")
    assert "category" not in reply.json


def test_a_missing_record_is_named_in_the_context() -> None:
    state = SimulatorState()
    state.remove_record("contacts", "9")
    reply = against(lambda client: client.put("9", "2"), state=state)
    assert reply.status == 400
    assert reply.json["category"] == "VALIDATION_ERROR"
    assert reply.json["message"] == "One or more associations are invalid"
    assert reply.json["context"] == {"INVALID_OBJECT_IDS": ["CONTACT=9 is not valid"]}
    assert reply.json["correlationId"] == reply.headers["X-HubSpot-Correlation-Id"]
    assert not state.associations


@pytest.mark.parametrize("record_id", ["abc", "-1", "12345678901234567890", "1%2F2", "٣"])
def test_an_id_is_digits(record_id: str) -> None:
    assert against(lambda client: client.put(record_id, "2")).status == 400


def test_a_record_takes_no_more_associations_than_its_limit() -> None:
    async def fill(client: Client) -> list[int]:
        pairs = [("1", "7"), ("2", "7"), ("3", "7"), ("2", "7"), ("3", "8")]
        return [(await client.put(*pair)).status for pair in pairs]

    assert against(fill, SimulatorSettings(max_associations=2)) == [200, 200, 400, 200, 200]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/crm/objects/2025-09/contacts/1/associations/default/companies/2", 405),
        ("GET", "/nowhere", 404),
        ("GET", "/crm/associations/2025-09/contacts/nothings/labels", 400),
    ],
)
def test_paths_that_lead_nowhere(method: str, path: str, status: int) -> None:
    assert against(lambda client: client.call(method, path)).status == status


def test_a_put_has_to_be_json() -> None:
    headers = {"Content-Type": "application/octet-stream"}
    path = "/crm/objects/2025-09/contacts/1/associations/default/companies/2"
    assert against(lambda client: client.call("PUT", path, headers=headers)).status == 415


@pytest.mark.parametrize(("failure", "status"), [("207", 207), ("200", 200)])
def test_a_batch_names_its_bad_pairs(failure: str, status: int) -> None:
    state = SimulatorState()
    state.remove_record("companies", "9")
    settings = SimulatorSettings(batch_failure=failure)  # type: ignore[arg-type]
    inputs = _pairs(("1", "2"), ("1", "9"), ("9000422000001", "2"), ("3", "4"))
    reply = against(lambda client: client.batch("associate/default", inputs), settings, state)
    assert reply.status == status
    assert _result_ids(reply) == {("1", "2"), ("2", "1"), ("3", "4"), ("4", "3")}
    assert reply.json["numErrors"] == 2
    assert [error["context"]["toObjectId"] for error in reply.json["errors"]] == [["9"], ["2"]]
    assert len(state.associations) == 4


def test_a_batch_may_fail_as_a_whole_and_make_nothing() -> None:
    state = SimulatorState()
    inputs = _pairs(("1", "2"), ("9000404000001", "2"))
    settings = SimulatorSettings(batch_failure="400")
    reply = against(lambda client: client.batch("associate/default", inputs), settings, state)
    assert reply.status == 400
    assert not state.associations


def test_a_batch_may_keep_quiet_about_which_pair_is_bad() -> None:
    state = SimulatorState()
    state.remove_record("companies", "9")
    settings = SimulatorSettings(name_bad_pairs=False)
    inputs = _pairs(("1", "2"), ("1", "9"))
    reply = against(lambda client: client.batch("associate/default", inputs), settings, state)
    assert [error["context"] for error in reply.json["errors"]] == [{}]


def test_a_server_fault_in_a_batch_is_the_whole_batchs() -> None:
    inputs = _pairs(("1", "2"), ("9000503001001", "2"))

    async def twice(client: Client) -> list[int]:
        return [(await client.batch("associate/default", inputs)).status for _ in range(2)]

    assert against(twice) == [503, 200]


def test_missing_scopes_are_no_fault_of_one_pair() -> None:
    inputs = _pairs(("1", "2"), ("9000403300001", "2"), ("9000403000001", "2"))

    async def with_and_without(client: Client) -> list[Reply]:
        return [await client.batch("associate/default", pairs) for pairs in (inputs, inputs[::2])]

    scopes, forbidden = against(with_and_without)
    assert (scopes.status, scopes.json["category"]) == (403, "MISSING_SCOPES")
    assert (forbidden.status, forbidden.json["numErrors"]) == (207, 1)


def test_a_batch_may_leave_a_pair_out_without_a_word() -> None:
    inputs = _pairs(("1", "2"), ("9000200100001", "2"))
    reply = against(lambda client: client.batch("associate/default", inputs))
    assert (reply.status, _result_ids(reply)) == (200, {("1", "2"), ("2", "1")})
    assert "errors" not in reply.json


@pytest.mark.parametrize(("action", "most"), [("associate/default", 2000), ("read", 1000), ("archive", 100)])
def test_batches_have_a_size(action: str, most: int) -> None:
    async def around(client: Client) -> list[int]:
        to: object = [{"id": "5"}, {"id": "6"}] if action == "archive" else {"id": "5"}
        inputs = [{"id": str(n), "from": {"id": str(n)}, "to": to} for n in range(1, most + 2)]
        return [(await client.batch(action, inputs[:size])).status for size in (most, most + 1)]

    fits, exceeds = against(around)
    assert fits < 300
    assert exceeds == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"inputs":[]}', b'{"inputs":[1]}', b'{"inputs":7}'])
def test_bodies_that_are_no_batch(body: bytes) -> None:
    async def send(client: Client) -> int:
        path = "/crm/associations/2025-09/contacts/companies/batch/read"
        return (await client.call("POST", path, data=body)).status

    assert against(send) == 400


@pytest.mark.parametrize(("page_size", "pages"), [(2, 3), (5, 1)])
def test_reading_back_goes_in_pages_and_says_which_records_have_nothing(page_size: int, pages: int) -> None:
    state = SimulatorState()
    for number in range(5):
        state.associate("contacts", "1", "companies", str(100 + number))
    state.associate("contacts", "1", "companies", "100", label="Billing")

    async def read_all(client: Client) -> tuple[Reply, list[str]]:
        first = await client.batch("read", [{"id": "1"}, {"id": "2"}])
        page, ids = first.json["results"][0], []
        while True:
            ids += [to["toObjectId"] for to in page["to"]]
            if "paging" not in page:
                return first, ids
            after = page["paging"]["next"]["after"]
            page = (await client.batch("read", [{"id": "1", "after": after}])).json["results"][0]

    first, ids = against(read_all, SimulatorSettings(read_page=page_size), state)
    assert state.calls["batch read"] == pages
    assert ids == ["100", "101", "102", "103", "104"]
    assert first.status == 207
    labels = [kind["label"] for kind in first.json["results"][0]["to"][0]["associationTypes"]]
    assert labels == [None, "Billing"]
    (error,) = first.json["errors"]
    assert error["category"] == "OBJECT_NOT_FOUND"
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert error["context"]["fromObjectId"] == ["2"]


def test_archive_takes_the_labels_away_too_in_both_directions() -> None:
    state = SimulatorState()
    state.associate("contacts", "1", "companies", "2", label="Billing")
    state.associate("contacts", "1", "companies", "3")
    inputs = [{"from": {"id": "1"}, "to": [{"id": "2"}]}]
    reply = against(lambda client: client.batch("archive", inputs), state=state)
    assert (reply.status, reply.body) == (204, b"")
    assert {(ends.from_id, ends.to_id) for ends in state.associations} == {("1", "3"), ("3", "1")}


def test_labels_show_the_default_type_with_a_null_label() -> None:
    state = SimulatorState()
    state.associate("contacts", "1", "companies", "2", label="Billing")

    async def both(client: Client) -> list[Reply]:
        pairs = ("contacts/companies", "contacts/2-404")
        return [await client.call("GET", f"/crm/associations/2025-09/{pair}/labels") for pair in pairs]

    known, unrelated = against(both, state=state)
    assert known.json["results"][0] == {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}
    assert [kind["label"] for kind in known.json["results"]] == [None, "Billing"]
    assert unrelated.json["results"] == []


def test_record_read_tells_which_ids_are_of_that_type() -> None:
    state = SimulatorState()
    state.remove_record("contacts", "9")
    inputs = {"inputs": [{"id": "1"}, {"id": "9"}, {"id": "9100200000001"}, {"id": "9100100000001"}]}
    path = "/crm/objects/2025-09/contacts/batch/read"
    reply = against(lambda client: client.call("POST", path, json=inputs), state=state)
    assert reply.status == 207
    assert [result["id"] for result in reply.json["results"]] == ["1", "9100100000001"]
    assert reply.json["errors"][0]["context"]["ids"] == ["9", "9100200000001"]


def test_a_type_may_have_no_records_but_these() -> None:
    state = SimulatorState()
    state.keep_only("companies", frozenset({"2"}))

    async def two(client: Client) -> list[int]:
        return [(await client.put("1", to_id)).status for to_id in ("2", "3")]

    assert against(two, state=state) == [200, 400]


def test_account_and_usage() -> None:
    async def ask(client: Client) -> tuple[Reply, Reply]:
        details = await client.call("GET", "/account-info/2025-09/details")
        return details, await client.call("GET", "/account-info/2025-09/api-usage/daily/private-apps")

    # noon in New York on 24 July 2026, so the day ends at 04:00 UTC
    details, usage = against(ask, SimulatorSettings(portal_id=42), wall_clock=lambda: 1_784_908_800.0)
    assert details.json["portalId"] == 42
    assert (details.json["timeZone"], details.json["utcOffset"]) == ("US/Eastern", "-04:00")
    (day,) = usage.json["results"]
    assert (day["currentUsage"], day["usageLimit"]) == (2, 1_000_000)
    assert day["resetsAt"] == "2026-07-25T04:00:00.000Z"


@pytest.mark.parametrize(
    ("header", "status"), [(None, 401), ("wrong", 401), ("right", 200)], ids=["none", "wrong", "right"]
)
def test_tokens(header: str | None, status: int) -> None:
    settings = SimulatorSettings(tokens=frozenset({"right"}))
    path = "/account-info/2025-09/details"
    reply = against(lambda client: client.call("GET", path, token=header), settings)
    assert reply.status == status
    if status == 401:
        assert reply.json["category"] == "INVALID_AUTHENTICATION"


def test_scopes_that_are_missing_are_named() -> None:
    settings = SimulatorSettings(types_without_scope=frozenset({"companies"}))

    async def both(client: Client) -> tuple[Reply, Reply]:
        return await client.put("1", "2"), await client.put("1", "2", ("contacts", "deals"))

    closed, open_ = against(both, settings)
    assert (closed.status, closed.json["category"]) == (403, "MISSING_SCOPES")
    scopes = closed.json["errors"][0]["context"]["requiredGranularScopes"]
    assert scopes == ["crm.objects.companies.write"]
    assert open_.status == 200


def test_oauth_tokens_open_the_account_until_they_expire() -> None:
    settings = SimulatorSettings(tokens=frozenset(), refresh_tokens=frozenset({"fresh"}), token_lifetime=1800)

    async def refresh(client: Client, refresh_token: str) -> Reply:
        form = {
            "grant_type": "refresh_token",
            "client_id": "id",
            "client_secret": "secret",
            "refresh_token": refresh_token,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await client.call("POST", "/oauth/v1/token", token=None, data=form, headers=headers)

    async def story(client: Client) -> tuple[Reply, Reply, int, Reply]:
        refused, granted = await refresh(client, "stale"), await refresh(client, "fresh")
        works = await client.call("GET", "/account-info/v3/details", token=granted.json["access_token"])
        client.simulator.settings = SimulatorSettings(tokens=frozenset(), token_lifetime=0)
        short = (await refresh(client, "fresh")).json["access_token"]
        return refused, granted, works.status, await client.call("GET", "/x", token=short)

    refused, granted, works, expired = against(story, settings)
    assert (refused.status, refused.json["status"]) == (400, "BAD_REFRESH_TOKEN")
    assert (granted.status, granted.json["expires_in"], works) == (200, 1800, 200)
    assert (expired.status, expired.json["category"]) == (401, "EXPIRED_AUTHENTICATION")


def test_no_token_is_kept_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "pat-na1-0123456789"
    settings = SimulatorSettings(tokens=frozenset({secret}))
    state = SimulatorState()
    path = "/crm/objects/2025-09/contacts/1/associations/default/companies/2"
    assert against(lambda c: c.call("PUT", path, token=secret), settings, state).status == 200
    assert state.requests[0].path == path
    assert secret not in f"{vars(state)} {settings} {caplog.text}"


def test_a_state_outlives_its_server_and_the_port_can_be_had_again() -> None:
    async def outage() -> SimulatorState:
        state, port = SimulatorState(), 0
        for from_id in ("1", "2"):
            async with Simulator(port=port, state=state) as simulator, aiohttp.ClientSession() as session:
                assert (await Client(simulator, session).put(from_id, "7")).status == 200
                port = int(simulator.url.rpartition(":")[2])
        return state

    state = asyncio.run(outage())
    assert len(state.associations) == 4
    assert (state.calls["associate"], state.answers[200]) == (2, 2)


def test_seeding_speaks_of_types_that_exist() -> None:
    with pytest.raises(ValueError, match="kontakte"):
        SimulatorState().remove_record("kontakte", "1")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_it_serves_on_loopback_only(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        Simulator(host=host)


def test_a_port_in_use_is_an_error() -> None:
    async def twice() -> None:
        async with Simulator() as first:
            port = int(first.url.rpartition(":")[2])
            with pytest.raises(OSError, match=str(port)):
                await Simulator(port=port).__aenter__()

    asyncio.run(twice())


def test_serve_announces_itself_and_stops_when_cancelled() -> None:
    async def story() -> str:
        announced: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(SimulatorSettings(), "localhost", 0, announced.set_result))
        url = await announced
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            assert answer.status == 401
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        return url

    host, _, port = asyncio.run(story()).removeprefix("http://").partition(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0
