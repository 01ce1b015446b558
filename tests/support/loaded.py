"""Loads that have ended, for tests of what happens to their reports afterwards.

Each start of the program costs about a second, so a load that is not what a test is about is made once, and
its files are copied. What it left in the account is put there by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from loader.simulator import Simulator, SimulatorSettings, SimulatorState
from tests.support.command import Serving, load, report_of, rows_of

UNLIMITED = SimulatorSettings(rate_limit=1_000_000, daily_limit=None)


def unlimited() -> Serving[Simulator]:
    """A simulator without limits that remembers all requests."""
    return Serving(lambda: Simulator(UNLIMITED, state=SimulatorState(100_000)))


def sent(serving: Serving[Simulator]) -> int:
    """How many pairs came to the server, each in a request of its own."""
    return serving.ask(lambda simulator: simulator.state.calls["associate"])


def report_of_load(file: Path, *options: str) -> bytes:
    """Load a file, whose pairs are all good and new to the account, and return the report."""
    with unlimited() as serving:
        ended = load(serving.url, file, "--skip-existing", *options)
    assert ended.code == 0, ended.err
    return report_of(file).read_bytes()


def beginning(report: bytes, rows: int) -> bytes:
    """What a report has of the first rows, as a run with `--limit` leaves it."""
    return report[: report.index(b"\n%d," % (rows + 1)) + 1]


def let_stand(serving: Serving[Simulator], pairs: Iterable[tuple[str, str]]) -> None:
    """Associate contacts with companies on the server."""

    def associate(simulator: Simulator) -> None:
        for from_id, to_id in pairs:
            simulator.state.associate("contacts", from_id, "companies", to_id)

    serving.ask(associate)


def let_stand_as_reported(serving: Serving[Simulator], report: Path) -> None:
    """Associate on the server what a report says has been associated."""
    rows = [row for row in rows_of(report) if row["status"] == "associated"]
    let_stand(serving, [(row["from_object_id"], row["to_object_id"]) for row in rows])
