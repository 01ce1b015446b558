"""An account, a folder and the command, for tests of what a later run makes of an earlier one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from loader.simulator import Ends, Simulator, SimulatorSettings
from tests.support.command import Finished, Serving, load, report_of, rows_of, run, write_pairs

FAST = ("--rate", "1000000/1")


class Account:
    """A simulated account whose requests and associations a test can look at."""

    def __init__(self, account_id: int = 62515, settings: SimulatorSettings | None = None) -> None:
        settings = settings or SimulatorSettings(rate_limit=1_000_000, portal_id=account_id)
        self.serving = Serving(lambda: Simulator(settings))

    def __enter__(self) -> Account:
        self.serving.__enter__()
        self.url = self.serving.url
        return self

    def __exit__(self, *error: object) -> None:
        self.serving.__exit__(None, None, None)

    @property
    def puts(self) -> int:
        """PUT requests so far."""
        return self.serving.ask(lambda one: sum(seen.method == "PUT" for seen in one.state.requests))

    @property
    def requests(self) -> int:
        """Requests of any kind so far."""
        return self.serving.ask(lambda one: len(one.state.requests))

    def has(self, from_id: object, to_id: object) -> bool:
        """Whether contact and company are associated."""
        return self.serving.ask(
            lambda one: bool(one.state.types_between("contacts", str(from_id), "companies", str(to_id)))
        )

    def refuse(self, contact: object) -> None:
        """Answer 400 for this contact from now on, until `heal`."""
        self.serving.ask(
            lambda one: one.state.fail(
                "9000400000001", path_prefix=f"/crm/objects/2025-09/contacts/{contact}/", times=0
            )
        )

    def heal(self) -> None:
        self.serving.ask(lambda one: one.state.heal())

    def unlink(self, from_id: object, to_id: object) -> None:
        """Somebody removes the association in HubSpot."""
        self.serving.ask(lambda one: one.state.unlink(Ends("0-1", str(from_id), "0-2", str(to_id))))

    def label(self, from_id: object, to_id: object) -> None:
        """Somebody gives the association a label in HubSpot."""
        self.serving.ask(
            lambda one: one.state.associate(
                "contacts", str(from_id), "companies", str(to_id), label="Decision maker", default=False
            )
        )

    def associate(self, from_id: object, to_id: object) -> None:
        """Another integration associates contact and company."""
        self.serving.ask(lambda one: one.state.associate("contacts", str(from_id), "companies", str(to_id)))

    def load(self, file: Path, *options: str | Path, **more: object) -> Finished:
        return load(self.url, file, *FAST, *options, **more)  # type: ignore[arg-type]  # timeout and env

    def run(self, command: str, path: Path, *options: str | Path) -> Finished:
        return run(command, path, "--base-url", self.url, *FAST, *options)


def pairs_file(folder: Path, pairs: Iterable[tuple[object, object]], name: str = "pairs.csv") -> Path:
    return write_pairs(folder / name, pairs)


def checkpoint_of(file: Path) -> Path:
    return file.with_name(f"{file.stem}.checkpoint.db")


def statuses(file: Path) -> list[tuple[str, str, str, str]]:
    """Row, IDs and status of each line of the report."""
    return [
        (row["row"], row["from_object_id"], row["to_object_id"], row["status"])
        for row in rows_of(report_of(file))
    ]


def column(file: Path, name: str) -> list[str]:
    """One column of the report."""
    return [row[name] for row in rows_of(report_of(file))]
