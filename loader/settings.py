"""Everything that the commands can be told, as values; the defaults are the contract's (section 1)."""

from __future__ import annotations

import os
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Literal

from loader.errors import UsageError
from loader.model import Status
from loader.pace import Rate, parse_rate

BASE_URL = "https://api.hubapi.com"
API_VERSION = "2025-09"
_ARCHIVES = (".gz", ".bz2", ".xz", ".zip", ".zst")


@dataclass(frozen=True, kw_only=True)
class ConnectionSettings:
    """Who is asked, with which credentials, how fast, and how hard is tried: what all online commands share.

    Times are in seconds, `reserve` in percent of the limits. `rate` is ``auto`` or ``N/S``. `simulator` runs
    against a HubSpot simulator inside this process. Raises UsageError for values that make no sense.
    """

    rate: str = "auto"
    workers: int = 100
    max_attempts: int = 8
    timeout: float = 30.0
    outage_timeout: float = 300.0
    reserve: float = 0.0
    wait_for_daily_reset: bool = False
    account_id: int | None = None
    base_url: str = BASE_URL
    api_version: str = API_VERSION
    token_file: str | None = None
    simulate: bool = False
    log_file: str | None = None
    rate_cap: Rate | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._refuse_empty()
        object.__setattr__(self, "rate_cap", parse_rate(self.rate))
        for name in ("workers", "max_attempts"):
            _at_least(name, getattr(self, name), 1)
        if not self.timeout > 0:
            raise UsageError(f"--timeout {self.timeout:g} is no time to wait", "Say seconds, such as 30.")
        if not self.outage_timeout >= 0:
            raise UsageError(
                f"--outage-timeout {self.outage_timeout:g} is no time", "Say seconds, such as 300."
            )
        if not 0 <= self.reserve < 100:
            wrong = "is less than nothing" if self.reserve < 0 else "leaves nothing"
            raise UsageError(f"--reserve {self.reserve:g} {wrong}", "Say a percentage from 0 to 99.")

    def _refuse_empty(self) -> None:
        """An empty value is a script's variable that holds nothing, and to leave it out would mean more."""
        for one in fields(self):
            if getattr(self, one.name) in ("", frozenset()):
                argument = one.default is MISSING
                name = one.name.upper() if argument else f"--{one.name.replace('_', '-')}"
                raise UsageError(
                    f"{name} is empty", "Say a value." if argument else "Say a value, or leave it out."
                )


@dataclass(frozen=True, kw_only=True)
class LoadSettings(ConnectionSettings):
    """One `load`: its input, its report, and how to go about it. Raises as ConnectionSettings does."""

    input: str
    report: str | None = None
    from_type: str | None = None
    to_type: str | None = None
    from_column: str | None = None
    to_column: str | None = None
    from_type_column: str | None = None
    to_type_column: str | None = None
    delimiter: str = "auto"
    encoding: str = "auto"
    method: Literal["put", "batch"] = "put"
    skip_existing: bool = False
    limit: int | None = None
    only: frozenset[str] | None = None
    stop_after_failures: int = 100
    overwrite: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _at_least("stop_after_failures", self.stop_after_failures, 0)
        if self.limit is not None:
            _at_least("limit", self.limit, 1)
        if unknown := (self.only or frozenset()) - {str(status) for status in Status}:
            known = ", ".join(Status)
            raise UsageError(
                f"--only {', '.join(sorted(unknown))} is no status", f"The statuses are {known}."
            )
        if self.input == "-" and self.report is None:
            raise UsageError("for standard input the report needs a name", "Say it with --report PATH.")
        if self.report == "-":
            raise UsageError(
                "the report is also the checkpoint and can't go to standard output",
                "Name a file with --report PATH (./- for one of that name).",
            )
        if self.input == "-" and self.token_file == "-":  # noqa: S105 - a path
            raise UsageError(
                "standard input can't be both INPUT and the token",
                "Save one of them to a file and name that.",
            )
        self._check_paths()

    @property
    def report_path(self) -> Path:
        """Where the report goes: `--report`, else STEM.report.csv beside the input."""
        if self.report is not None:
            return Path(self.report)
        return beside(Path(self.input), "report")

    def _check_paths(self) -> None:
        for name, path in (("report", str(self.report_path)), ("log file", self.log_file)):
            if path is not None and self.input != "-" and _same_file(path, self.input):
                raise UsageError(
                    f"the {name} would overwrite INPUT: {self.input}", f"Give the {name} another name."
                )
        if self.log_file is not None and _same_file(self.log_file, str(self.report_path)):
            raise UsageError(
                f"the log file would overwrite the report: {self.log_file}", "Give it another name."
            )


@dataclass(frozen=True, kw_only=True)
class VerifySettings(ConnectionSettings):
    """One `verify`: the report of a load, and where its copy with the findings goes."""

    report: str
    output: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_output(self.output_path, self.report, self.log_file)

    @property
    def output_path(self) -> Path:
        """`--output`, else STEM.verified.csv beside STEM.report.csv."""
        return Path(self.output) if self.output is not None else beside_report(self.report, "verified")


@dataclass(frozen=True, kw_only=True)
class UndoSettings(ConnectionSettings):
    """One `undo`: the report of a load, and where its own goes."""

    report: str
    output: str | None = None
    stop_after_failures: int = 100
    overwrite: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _at_least("stop_after_failures", self.stop_after_failures, 0)
        _check_output(self.output_path, self.report, self.log_file)

    @property
    def output_path(self) -> Path:
        """`--output`, else STEM.undo.csv beside STEM.report.csv."""
        return Path(self.output) if self.output is not None else beside_report(self.report, "undo")


def _check_output(output: Path, report: str, log_file: str | None) -> None:
    for name, path in (("output", str(output)), ("log file", log_file)):
        if path is not None and _same_file(path, report):
            raise UsageError(f"the {name} would overwrite REPORT: {report}", "Give it another name.")
    if log_file is not None and _same_file(log_file, str(output)):
        raise UsageError(f"the log file would overwrite the output: {log_file}", "Give it another name.")


def beside_report(report: str, what: str) -> Path:
    """``STEM.what.csv`` beside ``STEM.report.csv``; of any other name the whole stem is kept."""
    path = Path(report)
    return path.parent / f"{path.stem.removesuffix('.report')}.{what}.csv"


def beside(path: Path, what: str) -> Path:
    """``STEM.what.csv`` in the same folder, the ending of an archive left out of the stem."""
    name = path.name
    if path.suffix.lower() in _ARCHIVES:
        name = path.stem
    stem = Path(name).stem if Path(name).suffix else name
    return path.parent / f"{stem}.{what}.csv"


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise UsageError(f"--{name.replace('_', '-')} {value} is too small", f"Say {least} or more.")


def _same_file(one: str, other: str) -> bool:
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
