"""The endpoints about the account: whose it is, what is left of the day, which records exist."""

from __future__ import annotations

from loader.simulator import SimulatorSettings
from tests.support.simulator_client import Client, against

NOON_IN_NEW_YORK = 1_784_908_800.0  # 24 July 2026; the day ends at 04:00 UTC


def test_the_account_and_its_daily_usage() -> None:
    async def story(client: Client) -> None:
        details = await client.call("GET", "/account-info/2025-09/details")
        assert (details.json["portalId"], details.json["timeZone"]) == (42, "US/Eastern")
        assert (details.json["utcOffset"], details.json["utcOffsetMilliseconds"]) == ("-04:00", -14_400_000)
        usage = await client.call("GET", "/account-info/2025-09/api-usage/daily/private-apps")
        (day,) = usage.json["results"]
        assert (day["currentUsage"], day["usageLimit"]) == (2, 1_000_000)
        assert day["resetsAt"] == "2026-07-25T04:00:00.000Z"
        client.simulator.settings = SimulatorSettings(daily_limit=None)
        usage = await client.call("GET", "/account-info/2025-09/api-usage/daily/private-apps")
        assert usage.json == {"results": []}

    settings = SimulatorSettings(portal_id=42, reset_delay=90)
    against(story, settings, wall_clock=lambda: NOON_IN_NEW_YORK)


def test_the_account_may_be_refused() -> None:
    async def story(client: Client) -> None:
        for fault, status in (("9000403300001", 403), ("9000404000001", 404)):
            client.state.fail(fault, path_prefix="/account-info/")
            assert (await client.call("GET", "/account-info/2025-09/details")).status == status
        client.state.respond(200, b'{"portalId":' + b"9" * 5000 + b"}", path_prefix="/account-info/")
        answer = await client.call("GET", "/account-info/2025-09/details")
        assert (answer.status, len(answer.body)) == (200, 5013)
        assert (await client.call("GET", "/account-info/2025-09/details")).json["portalId"] == 62515

    against(story)


def test_reading_records_tells_which_of_them_exist_as_that_type() -> None:
    async def story(client: Client) -> None:
        client.state.remove_record("contacts", "9")
        inputs = {"inputs": [{"id": "1"}, {"id": "9"}, {"id": "9100200000001"}, {"id": "9100100000001"}]}
        answer = await client.call("POST", "/crm/objects/2025-09/contacts/batch/read", json=inputs)
        assert answer.status == 207
        assert [result["id"] for result in answer.json["results"]] == ["1", "9100100000001"]
        assert answer.json["errors"][0]["context"]["ids"] == ["9", "9100200000001"]
        unknown = await client.call("POST", "/crm/objects/2025-09/nothings/batch/read", json=inputs)
        assert unknown.status == 400
        many = {"inputs": [{"id": str(n)} for n in range(101)]}
        assert (
            await client.call("POST", "/crm/objects/2025-09/contacts/batch/read", json=many)
        ).status == 400

    against(story)
