"""The account in trouble: tokens, scopes, limits, a wrong file. The run stops in time and can go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from loader.simulator import Simulator, SimulatorSettings, SimulatorState
from tests.support.command import (
    TYPES,
    Finished,
    Serving,
    end,
    load,
    report_of,
    rows_of,
    run,
    start_warm,
    wait_until,
    write_pairs,
)

UNLIMITED = SimulatorSettings(rate_limit=1_000_000, daily_limit=None)
SLOW = replace(UNLIMITED, latency=(0.02, 0.05))
OAUTH = {
    "HUBSPOT_ACCESS_TOKEN": "",
    "HUBSPOT_CLIENT_ID": "client",
    "HUBSPOT_CLIENT_SECRET": "secret-9f8e7d6c",
    "HUBSPOT_REFRESH_TOKEN": "refresh-1a2b3c4d",
}


def serving(settings: SimulatorSettings = UNLIMITED) -> Serving[Simulator]:
    return Serving(lambda: Simulator(settings, state=SimulatorState(100_000)))


def sent(hubspot: Serving[Simulator]) -> int:
    """Requests that were to associate a pair."""
    return hubspot.ask(lambda simulator: simulator.state.calls["associate"])


def settled(file: Path) -> list[dict[str, str]]:
    """The report's lines of pairs that have been sent."""
    return [line for line in rows_of(report_of(file)) if line["status"] != "not_sent"]


def change(hubspot: Serving[Simulator], **settings: object) -> None:
    def apply(simulator: Simulator) -> None:
        simulator.settings = replace(simulator.settings, **settings)  # type: ignore[arg-type] # by name

    hubspot.ask(apply)


def pairs(folder: Path, rows: int) -> Path:
    return write_pairs(folder / "pairs.csv", ((n, n + 10**6) for n in range(1, rows + 1)))


def in_the_middle(
    hubspot: Serving[Simulator], file: Path, after: int, accident: Callable[[], None]
) -> Finished:
    """Load, and let something happen when so many requests have come."""
    process = start_warm("load", file, "--base-url", hubspot.url, *TYPES, "--workers", "10")
    wait_until(lambda: sent(hubspot) >= after)
    accident()
    return end(process)


def goes_on_to_the_end(hubspot: Serving[Simulator], file: Path, rows: int) -> None:
    """The same command settles the rest, and the accident is no pair's fault."""
    assert load(hubspot.url, file).code == 0
    lines = rows_of(report_of(file))
    assert [line["row"] for line in lines] == [str(n) for n in range(1, rows + 1)]
    assert {(line["status"], line["attempts"]) for line in lines} == {("associated", "1")}


def test_a_token_refused_at_the_start(tmp_path: Path) -> None:
    with serving(replace(UNLIMITED, tokens=frozenset({"another"}))) as hubspot:
        file = pairs(tmp_path, 50)
        refused = load(hubspot.url, file)
        assert refused.code == 2
        assert "Check that the access token is complete" in refused.err
        assert "api-eu1.hubapi.com" in refused.err
        assert not report_of(file).exists()
        change(hubspot, tokens=None)
        goes_on_to_the_end(hubspot, file, 50)


def test_a_token_refused_in_the_middle(tmp_path: Path) -> None:
    with serving(SLOW) as hubspot:
        file = pairs(tmp_path, 150)
        revoke = partial(change, hubspot, tokens=frozenset({"another"}))
        stopped = in_the_middle(hubspot, file, 40, revoke)
        assert stopped.code == 3
        assert "Run the same command again to resume" in stopped.err
        assert {line["status"] for line in settled(file)} == {"associated"}
        assert 40 <= len(settled(file)) < 150
        change(hubspot, tokens=None)
        goes_on_to_the_end(hubspot, file, 150)


def test_oauth_that_is_refused_at_the_start(tmp_path: Path) -> None:
    with serving(replace(UNLIMITED, refresh_tokens=frozenset({"another"}))) as hubspot:
        file = pairs(tmp_path, 50)
        refused = load(hubspot.url, file, env=OAUTH)
        assert refused.code == 2
        assert "refresh token" in refused.err.lower()
        assert not any(OAUTH[name] and OAUTH[name] in refused.text for name in list(OAUTH)[2:])
        assert sent(hubspot) == 0


def test_oauth_that_is_refused_in_the_middle(tmp_path: Path) -> None:
    """It has been renewed before."""
    with serving(replace(SLOW, token_lifetime=1)) as hubspot:
        file = pairs(tmp_path, 200)
        process = start_warm("load", file, "--base-url", hubspot.url, *TYPES, "--workers", "2", env=OAUTH)
        wait_until(lambda: hubspot.ask(lambda simulator: simulator.state.calls["token"]) > 1)
        wait_until(lambda: sent(hubspot) >= 10)
        change(hubspot, refresh_tokens=frozenset({"another"}))
        stopped = end(process)
        assert stopped.code == 3
        assert {line["status"] for line in settled(file)} == {"associated"}
        goes_on_to_the_end(hubspot, file, 200)


def test_scopes_missing_for_one_of_two_type_pairs(tmp_path: Path) -> None:
    with serving(replace(UNLIMITED, types_without_scope=frozenset({"deals"}))) as hubspot:
        file = write_pairs(
            tmp_path / "pairs.csv",
            [(n, n + 10**6, "deals" if n > 30 else "companies") for n in range(1, 61)],
            ["to_object_type"],
        )
        command = ("load", file, "--base-url", hubspot.url, "--from-type", "contacts", "--workers", "5")
        stopped = run(*command)
        assert stopped.code == 3
        assert "needs the write scope of both object types" in stopped.err
        assert "crm.objects.deals.write" in stopped.err
        made = {(line["status"], line["to_object_type"]) for line in settled(file)}
        assert made == {("associated", "companies")}
        change(hubspot, types_without_scope=frozenset())
        assert run(*command).code == 0
        assert len(rows_of(report_of(file))) == 60


def where_it_is_noon() -> str:
    """A time zone: in the first hours after midnight nobody knows whether the reset is late."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


def test_the_daily_limit_in_the_middle(tmp_path: Path) -> None:
    with serving(replace(SLOW, daily_limit=60, time_zone=where_it_is_noon())) as hubspot:
        file = pairs(tmp_path, 100)
        stopped = load(hubspot.url, file, "--workers", "10")
        assert stopped.code == 3
        assert "it is reset at" in stopped.err
        assert "--wait-for-daily-reset" in stopped.err
        assert len(settled(file)) >= 50
        change(hubspot, daily_limit=None)
        goes_on_to_the_end(hubspot, file, 100)


def test_a_wrong_file_is_stopped_early(tmp_path: Path) -> None:
    with serving() as hubspot:
        hubspot.ask(lambda simulator: simulator.state.keep_only("contacts", frozenset()))
        file = pairs(tmp_path, 200)
        stopped = load(hubspot.url, file, "--workers", "20")
        assert stopped.code == 3
        assert "100 pairs in a row were refused" in stopped.err
        assert "Is it the right file" in stopped.err
        asked = sent(hubspot)
        assert 100 <= asked <= 120
        assert {line["status"] for line in settled(file)} == {"failed"}
        again = load(hubspot.url, file, "--stop-after-failures", "0")
        assert again.code == 1
        assert sent(hubspot) == 200
        assert [line["row"] for line in rows_of(report_of(file))] == [str(n) for n in range(1, 201)]


def test_the_account_is_asked_as_patiently_as_everything_else(tmp_path: Path) -> None:
    """One transient error on the very first request is no reason to drop the check of the account."""
    with serving() as hubspot:
        hubspot.ask(lambda s: s.state.fail("9000503000000", path_prefix="/account-info", times=1))
        finished = load(hubspot.url, pairs(tmp_path, 5), "--account-id", "62515")
        assert finished.code == 0, finished.err
