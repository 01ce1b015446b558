"""Which tokens open the account, and the OAuth endpoint."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from loader.simulator import SimulatorSettings, SimulatorState
from tests.support.simulator_client import Client, against

DETAILS = "/account-info/2025-09/details"


def test_only_accepted_tokens_open_the_account() -> None:
    async def story(client: Client) -> None:
        for token, status in ((None, 401), ("wrong", 401), ("right", 200)):
            answer = await client.call("GET", DETAILS, token=token)
            assert answer.status == status
            assert answer.json.get("category", "") == ("INVALID_AUTHENTICATION" if status == 401 else "")
        assert (client.state.limits.peak, client.state.limits.day.used) == (1, 1)
        assert client.state.calls["unauthorized"] == 2

    against(story, SimulatorSettings(tokens=frozenset({"right"})))


def test_an_oauth_token_opens_the_account_until_it_expires() -> None:
    settings = SimulatorSettings(tokens=frozenset(), refresh_tokens=frozenset({"fresh"}))

    async def story(client: Client) -> None:
        for version in ("2026-03", "v1"):
            refused, granted = await client.grant("stale", version), await client.grant("fresh", version)
            assert (refused.status, refused.json["status"]) == (400, "BAD_REFRESH_TOKEN")
            assert (granted.status, granted.json["expires_in"]) == (200, 1800)
            assert granted.json["refresh_token"] == "fresh"
            token = granted.json["access_token"]
            assert (await client.call("GET", DETAILS, token=token)).status == 200
        client.simulator.settings = replace(settings, token_lifetime=0, oauth_versions=frozenset({"v1"}))
        assert (await client.grant("fresh")).status == 404
        token = (await client.grant("fresh", "v1")).json["access_token"]
        expired = await client.call("GET", DETAILS, token=token)
        assert (expired.status, expired.json["category"]) == (401, "EXPIRED_AUTHENTICATION")
        assert client.state.calls["token"] == 6
        client.state.fail("9000503000001", path_prefix="/oauth/")
        assert (await client.grant("fresh", "v1")).status == 503
        client.state.respond(200, b"{}", path_prefix="/oauth/")
        assert (await client.grant("fresh", "v1")).json == {}

    against(story, settings)


def test_what_an_oauth_request_must_hold() -> None:
    async def story(client: Client) -> None:
        for form, status in (
            ("grant_type=password", "BAD_GRANT_TYPE"),
            ("grant_type=refresh_token&refresh_token=x&client_id=1", "BAD_CLIENT_ID"),
            ("grant_type=refresh_token&client_id=1&client_secret=2", "BAD_REFRESH_TOKEN"),
        ):
            answer = await client.call("POST", "/oauth/v1/token", token=None, data=form)
            assert (answer.status, answer.json["status"]) == (400, status)

    against(story)


def test_a_rotated_refresh_token_works_once() -> None:
    settings = SimulatorSettings(refresh_tokens=frozenset({"first"}), rotate_refresh_tokens=True)

    async def story(client: Client) -> None:
        second = (await client.grant("first")).json["refresh_token"]
        assert second != "first"
        assert (await client.grant("first")).status == 400
        third = (await client.grant(second)).json["refresh_token"]
        assert (await client.grant(second)).status == 400
        assert (await client.grant(third)).status == 200

    against(story, settings)


def test_no_token_is_kept_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "pat-na1-0123456789"
    settings, state = SimulatorSettings(tokens=frozenset({secret})), SimulatorState()

    async def story(client: Client) -> str:
        assert (await client.call("GET", DETAILS, token=secret)).status == 200
        await client.grant(secret)
        return f"{vars(client.simulator)} {vars(client.simulator._tokens)}"

    kept = against(story, settings, state)
    assert state.requests[0].path == DETAILS
    assert secret not in f"{vars(state)} {settings} {kept} {caplog.text}"
