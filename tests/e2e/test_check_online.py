"""`check --online` from outside: what it finds out about an account, and that it writes nothing there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from loader.commands.ending import Quota, end_of_load
from loader.commands.online_findings import Crowd, KindFindings, Sample
from loader.commands.sampling import SAMPLE, Column
from loader.hubspot.account import Account
from loader.simulator import Simulator, SimulatorSettings
from tests.support.command import TYPES, Finished, Serving, run, write_pairs
from tests.support.wire import Wire, http, says


@contextmanager
def account(
    prepare: Callable[[Simulator], None] | None = None, **settings: Any
) -> Iterator[Serving[Simulator]]:
    """A simulator; afterwards nothing stands in it that did not before, and it saw no PUT."""
    with Serving(lambda: Simulator(SimulatorSettings(**{"rate_limit": 190, **settings}))) as serving:
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
    with account(daily_limit=5000, max_associations=100) as serving:
        ended = check(serving, pairs)
        assert ended.code == 0, ended.text
        assert "Account: 62515 (app.hubspot.com), STANDARD, US/Eastern" in ended.out
        assert "Limit: 190 requests per 10 s" in ended.out
        assert "of 5,000 requests are left; the limit is reset at" in ended.out
        assert "contacts to companies: default association HUBSPOT_DEFINED:279" in ended.out
        assert "100 of 100 sampled IDs exist as contacts" in ended.out
        assert "0.06 days of quota (5,000 requests a day)" in ended.out
        assert "in the account's zone, US/Eastern" in ended.out
        assert "Not checked: whether the token may write" in ended.out


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
        ended = check(serving, pairs, "--to-type", "gizmos")
        assert ended.code == 2
        assert "Unable to infer object type from: gizmos" in ended.out


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


def test_the_wrong_account(pairs: Path) -> None:
    with account() as serving:
        ended = check(serving, pairs, "--account-id", "4711")
        assert ended.code == 2
        assert "62515" in ended.err
        assert check(serving, pairs, "--account-id", "62515").code == 0


def test_nobody_there(pairs: Path) -> None:
    ended = run("check", pairs, *TYPES, "--online", "--base-url", "http://127.0.0.1:9", "--timeout", "2")
    assert ended.code == 2
    assert "HubSpot can't be asked" in ended.err
    assert "--base-url" in ended.err


def test_nothing_but_trouble_is_no_clean_account(pairs: Path) -> None:
    with Serving(lambda: Wire(says(http(500, b"{}", Retry_After="0")))) as wire:
        ended = run("check", pairs, *TYPES, "--online", "--base-url", wire.url)
        methods = {seen.method for seen in wire.server.seen}
    assert ended.code == 2, ended.text
    assert "HubSpot can't be asked" in ended.err
    assert "https://status.hubspot.com" in ended.err
    assert methods <= {"GET", "POST"}


def test_the_forecast_goes_by_the_limit_and_not_by_what_the_last_window_happened_to_hold(pairs: Path) -> None:
    with account() as serving:
        for _ in range(2):
            assert "300 requests at 19.0/s: 16 s" in check(serving, pairs).out
        assert "300 requests at 9.5/s" in check(serving, pairs, "--reserve", "50").out


@pytest.mark.parametrize(("hubspots", "configured"), [(40, None), (500, 40)])
def test_records_that_would_run_into_the_association_limit(
    tmp_path: Path, hubspots: int, configured: int | None
) -> None:
    crowded = [(n, 7) for n in range(1, 61)] + [(n, n + 1000) for n in range(100, 130)]
    file = write_pairs(tmp_path / "pairs.csv", crowded)
    with account(max_associations=hubspots, configured_associations=configured) as serving:
        online = checked(serving, file, code=1)
        (problem,) = online["problems"]
        assert "1 of the companies have more pairs in the file than the 40 contacts" in problem["message"]
        assert online["kinds"][0]["to_crowd"] == {
            "limit": 40,
            "busiest": {"record_id": "7", "pairs": 60},
            "over": 1,
        }


def test_an_account_without_a_limits_endpoint_is_no_fault(pairs: Path) -> None:
    with account() as serving:
        online = checked(serving, pairs, code=0)
        assert online["kinds"][0]["from_crowd"]["limit"] is None
        assert online["unchecked"] == ["association limits: HubSpot does not tell them at this API version"]


def test_faults_that_pass_are_waited_out_and_others_named(pairs: Path) -> None:
    def stumble(simulator: Simulator) -> None:
        simulator.state.fail("9000503002001", path_prefix="/crm/associations", times=1)
        simulator.state.fail("9000500001001", path_prefix="/crm/objects", times=0)

    with account(stumble) as serving:
        online = checked(serving, pairs, code=0)
        assert online["kinds"][0]["default_type"] == "HUBSPOT_DEFINED:279"
        assert online["kinds"][0]["from_sample"]["found"] is None
        assert any(what.startswith("which records exist as contacts: ") for what in online["unchecked"])


def test_a_day_that_is_used_up_while_asking(pairs: Path) -> None:
    with account(daily_limit=2) as serving:
        ended = check(serving, pairs)
        assert ended.code == 2
        assert "PROBLEM: You have reached your daily limit." in ended.out
        assert ended.out.count("daily limit.") == 2  # said once, and once in the advice
        assert "HubSpot can't be asked" in check(serving, pairs).err


def test_an_oauth_app_without_a_daily_limit(pairs: Path) -> None:
    with account(daily_limit=None) as serving:
        online = checked(serving, pairs, code=0)
        assert online["daily_limit"] is None
        assert any("daily limit" in what for what in online["unchecked"])


@pytest.mark.parametrize(
    ("found", "as_other", "swapped"),
    [
        (0, 100, True),
        (30, 90, True),  # old IDs that two types share
        (30, 50, False),  # too few either way: the file is old, not swapped
        (0, 40, False),
        (100, 100, False),  # every ID exists as both
        (None, 100, False),
        (0, None, False),
        (0, 0, False),
    ],
)
def test_when_columns_look_swapped(found: int | None, as_other: int | None, swapped: bool) -> None:
    sample, crowd = Sample(100, found, as_other), Crowd(None, None, 0)
    kind = KindFindings("contacts", "companies", "", sample, sample, crowd, crowd)
    assert kind.looks_swapped is swapped


# The end of a load, by hand

EASTERN = Account(1, "STANDARD", "app.hubspot.com", "America/New_York")
NOON = datetime(2026, 3, 6, 17, tzinfo=UTC)  # in New York


def test_a_load_within_the_day_ends_after_its_time() -> None:
    quota = Quota(100, 100, EASTERN.next_reset(NOON))
    assert end_of_load(NOON, 50, 10.0, quota, EASTERN) == NOON + timedelta(seconds=5)


def test_a_load_beyond_the_day_sleeps_until_each_reset_also_when_clocks_change() -> None:
    quota = Quota(1000, 500, EASTERN.next_reset(NOON))
    end = end_of_load(NOON, 2600, 10.0, quota, EASTERN)  # 500 today, 1,000, 1,000, and 100 on the 9th
    assert end is not None
    # In the night of the 8th summer time begins: midnight of the 9th is at 04:00 UTC, not 05:00.
    assert end == datetime(2026, 3, 9, 4, 0, 10, tzinfo=UTC)


def test_a_day_can_be_too_short_for_its_quota() -> None:
    quota = Quota(1_000_000, 1_000_000, NOON + timedelta(seconds=100))
    end = end_of_load(NOON, 1500, 10.0, quota, None)
    assert end == NOON + timedelta(seconds=150)


def test_an_end_that_nobody_will_see_is_none() -> None:
    assert end_of_load(NOON, 10**9, 1.0, Quota(None, None, None), None) is None
    assert end_of_load(NOON, 10**9, 1.0, Quota(100, 0, NOON), None) is None


# The sketch of a column


def test_the_busiest_are_found_in_bounded_memory_and_never_overcounted() -> None:
    column = Column()
    for start in range(0, 400_000, 20_000):
        column.add([str(n) for n in range(start, start + 20_000)] + ["hub"] * 100)
    (busiest,) = column.busiest(1)
    assert busiest.record_id == "hub"
    assert 2000 - 400_000 / 50_000 * 2 <= busiest.pairs <= 2000
    assert [busy.record_id for busy in column.busier_than(1000)] == ["hub"]


def test_the_sample_is_distinct_and_the_same_in_any_order() -> None:
    ids = [str(n) for n in range(5000)]
    one, other = Column(), Column()
    one.add(ids)
    other.add(ids[::-1][:2500])
    other.add(ids * 2)
    assert one.sample == other.sample
    assert len(set(one.sample)) == SAMPLE
