"""`check --online` from outside: what it finds out about an account, and that it writes nothing there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from loader.simulator import Simulator, SimulatorSettings
from tests.support.command import TYPES, Finished, Serving, run, write_pairs


@contextmanager
def account(
    prepare: Callable[[Simulator], None] | None = None, **settings: Any
) -> Iterator[Serving[Simulator]]:
    """A simulator; afterwards its associations are what they were, and it saw no PUT."""
    with Serving(lambda: Simulator(SimulatorSettings(**{"rate_limit": 1_000_000, **settings}))) as serving:
        if prepare is not None:
            serving.ask(prepare)
        before = serving.ask(lambda simulator: simulator.state.associations)
        yield serving
        assert serving.ask(lambda simulator: simulator.state.associations) == before
        methods = serving.ask(lambda simulator: {seen.method for seen in simulator.state.requests})
        assert methods <= {"GET", "POST"}


def check(serving: Serving[Simulator], file: Path, *options: str) -> Finished:
    return run("check", file, *TYPES, "--online", "--base-url", serving.url, *options)


def checked(serving: Serving[Simulator], file: Path, *options: str, code: int) -> dict[str, Any]:
    ended = check(serving, file, "--json", *options)
    assert ended.code == code, ended.text
    online: dict[str, Any] = json.loads(ended.out)["online"]
    return online


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return write_pairs(tmp_path / "pairs.csv", [(n, n + 1000) for n in range(1, 301)])


def test_the_account_its_limits_and_the_default_association(pairs: Path) -> None:
    with account(rate_limit=190, daily_limit=5000, max_associations=100) as serving:
        ended = check(serving, pairs)
        assert ended.code == 0, ended.text
        assert "Connected to HubSpot account 62515 (app.hubspot.com), STANDARD, US/Eastern" in ended.out
        assert "Limit: 190 requests per 10 s" in ended.out
        assert "of 5,000 API calls are left; the limit is reset at" in ended.out
        assert "contacts → companies: default association HUBSPOT_DEFINED:279" in ended.out
        assert "100 of 100 sampled IDs exist as contacts" in ended.out
        assert re.search("300 of today's 4,9[0-9]{2} API calls", ended.out)
        assert "in the account's zone, US/Eastern" in ended.out
        assert "Not checked: whether the token can write" in ended.out


def test_columns_that_look_swapped(pairs: Path) -> None:
    def swap(simulator: Simulator) -> None:
        simulator.state.keep_only("companies", frozenset(str(n) for n in range(1, 301)))
        simulator.state.keep_only("contacts", frozenset(str(n + 1000) for n in range(1, 301)))

    with account(swap) as serving:
        online = checked(serving, pairs, code=2)
        assert online["kinds"][0]["looks_swapped"] is True
        assert any("look swapped" in problem["message"] for problem in online["problems"])


def test_records_that_are_missing_are_a_warning_and_a_foreign_file_a_problem(pairs: Path) -> None:
    half = frozenset(str(n) for n in range(1, 301, 2))
    with account(lambda simulator: simulator.state.keep_only("contacts", half)) as serving:
        online = checked(serving, pairs, code=1)
        assert online["kinds"][0]["looks_swapped"] is False
        (problem,) = online["problems"]
        assert problem["blocks"] is False
        assert "sampled IDs do not exist as contacts, for example" in problem["message"]
    with account(lambda simulator: simulator.state.keep_only("contacts", frozenset())) as serving:
        assert checked(serving, pairs, code=2)["problems"][0]["blocks"] is True


def test_types_without_a_default_association(pairs: Path) -> None:
    with account() as serving:
        online = checked(serving, pairs, "--to-type", "2-404", code=2)
        assert online["kinds"][0]["default_type"] == ""
        assert "contacts and 2-404 have no default association" in online["problems"][0]["message"]


def test_a_type_that_hubspot_does_not_know(pairs: Path) -> None:
    with account() as serving:
        ended = check(serving, pairs, "--to-type", "unheard_of")
        assert ended.code == 2
        assert "Unable to infer object type from: unheard_of" in ended.out


def test_scopes_that_are_missing_are_named(pairs: Path) -> None:
    with account(types_without_scope=frozenset({"companies"})) as serving:
        ended = check(serving, pairs)
        assert ended.code == 2
        assert "the token lacks the scope crm.objects.companies.write" in ended.out


def test_a_token_that_is_refused(pairs: Path) -> None:
    with account(tokens=frozenset({"another"})) as serving:
        ended = check(serving, pairs)
        assert ended.code == 2
        assert ended.out == ""
        assert "token" in ended.err


def test_a_token_that_is_refused_while_asking_ends_it(pairs: Path) -> None:
    with account() as serving:
        serving.ask(lambda one: one.state.fail("9000401000000", path_prefix="/crm/", times=0))
        ended = check(serving, pairs)
        assert ended.code == 2
        assert "rejected the access token" in ended.err
        assert serving.ask(lambda one: sum("/crm/" in seen.path for seen in one.state.requests)) == 1


def test_the_wrong_account(pairs: Path) -> None:
    with account() as serving:
        ended = check(serving, pairs, "--account-id", "4711")
        assert ended.code == 2
        assert "62515" in ended.err
        assert check(serving, pairs, "--account-id", "62515").code == 0


def test_hubspot_is_out_of_reach(pairs: Path) -> None:
    ended = run("check", pairs, *TYPES, "--online", "--base-url", "http://127.0.0.1:9")
    assert ended.code == 2
    assert "HubSpot is out of reach" in ended.err
    assert "--base-url" in ended.err


def test_the_forecast_goes_by_the_limit_and_not_by_what_the_last_window_happened_to_hold(pairs: Path) -> None:
    with account(rate_limit=190) as serving:
        assert "300 requests at 9.5/s" in check(serving, pairs, "--reserve", "50").out
        assert "300 requests at 19.0/s: 16 s" in check(serving, pairs).out


@pytest.mark.parametrize(("hubspots", "configured"), [(40, None), (500, 40)])
def test_records_that_would_run_into_the_association_limit(
    tmp_path: Path, hubspots: int, configured: int | None
) -> None:
    crowded = [(n, 7) for n in range(1, 61)] + [(n, n + 1000) for n in range(100, 130)]
    file = write_pairs(tmp_path / "pairs.csv", crowded)
    with account(max_associations=hubspots, configured_associations=configured) as serving:
        online = checked(serving, file, code=1)
        (problem,) = online["problems"]
        assert "1 of the companies exceed the limit of 40 contacts each in this file" in problem["message"]
        assert online["kinds"][0]["to_count"] == {
            "limit": 40,
            "busiest": {"record_id": "7", "pairs": 60},
            "over": 1,
        }


def test_an_account_without_a_limits_endpoint_is_no_fault(pairs: Path) -> None:
    with account() as serving:
        online = checked(serving, pairs, code=0)
        assert online["kinds"][0]["from_count"]["limit"] is None
        assert online["unchecked"] == ["association limits: not available at this API version"]


def test_a_day_that_is_used_up_while_asking(pairs: Path) -> None:
    with account(daily_limit=2) as serving:
        ended = check(serving, pairs)
        assert ended.code == 2
        assert "PROBLEM: You have reached your daily limit." in ended.out
        assert ended.out.count("daily limit.") == 2  # said once, and once in the advice
        assert serving.ask(lambda one: len(one.state.requests)) == 3  # nothing is asked after the refusal
        refused = check(serving, pairs)
        assert refused.code == 2
        assert "You have reached your daily limit" in refused.err


def test_an_oauth_app_without_a_daily_limit(pairs: Path) -> None:
    with account(daily_limit=None) as serving:
        online = checked(serving, pairs, code=0)
        assert online["daily_limit"] is None
        assert any("daily limit" in what for what in online["unchecked"])
