"""The settings of all commands, as values; the defaults are the contract's (section 1)."""

from __future__ import annotations

import os
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Literal

from loader.errors import UsageError
from loader.pace import Rate, parse_rate

BASE_URL = "https://api.hubapi.com"
API_VERSION = "2025-09"
_ARCHIVES = (".gz", ".bz2", ".xz", ".zip", ".zst")
#: What an annotation allows, and how a message asks for it.
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "str": ((str,), "use text"),
    "int": ((int,), "use a whole number"),
    "float": ((int, float), "use a number"),
    "bool": ((bool,), "use True or False"),
    "None": ((type(None),), ""),
    "Literal['put', 'batch']": ((str,), "use put or batch"),
}
_PATHS = frozenset({"report", "checkpoint", "token_file"})


@dataclass(frozen=True, kw_only=True)
class ConnectionSettings:
    """Whose account, with which credentials, how fast and how patiently: what all online commands share.

    rate: ``auto``, or ``N/S`` for at most N requests per S seconds
    reserve: percent of the limits that are left to other integrations
    timeout, outage_timeout: seconds
    simulate: against a HubSpot simulator inside this process

    Raises UsageError for values of the wrong type or out of range.
    """

    rate: str = "auto"
    reserve: float = 0.0
    workers: int = 100
    max_attempts: int = 8
    timeout: float = 30.0
    outage_timeout: float = 300.0
    wait_for_daily_reset: bool = False
    account_id: int | None = None
    token: str | None = field(default=None, repr=False)
    token_file: str | None = None
    base_url: str = BASE_URL
    api_version: str = API_VERSION
    simulate: bool = False
    log_file: str | None = None
    rate_cap: Rate | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        for one in fields(self):
            if one.init and one.name != "token":  # no message shows a token
                required = one.default is MISSING
                _check_type(one.name, str(one.type), getattr(self, one.name), required=required)
        object.__setattr__(self, "rate_cap", parse_rate(self.rate))
        _check(self, "workers", self.workers >= 1, "use 1 or more")
        _check(self, "max_attempts", self.max_attempts >= 1, "use 1 or more")
        _check(self, "timeout", self.timeout > 0, "use seconds, for example 30")
        _check(self, "outage_timeout", self.outage_timeout >= 0, "use seconds, for example 300")
        _check(self, "reserve", 0 <= self.reserve < 100, "use a percentage from 0 to 99")

    def options(self) -> dict[str, object]:
        """The values that are not the defaults, by name, with absolute paths: fit for JSON."""
        values = {one.name: getattr(self, one.name) for one in fields(self) if one.default is not MISSING}
        defaults = {one.name: one.default for one in fields(self)}
        return {
            name: os.path.abspath(value) if name in _PATHS and value != "-" else value
            for name, value in values.items()
            if name not in ("rate_cap", "token") and value != defaults[name]
        }


@dataclass(frozen=True, kw_only=True)
class LoadSettings(ConnectionSettings):
    """One `load` or `check`: its input, its files, and how it is done.

    allow_empty: None decides by the file: yes for a CSV's ``Associated … IDs`` column, else no
    retry: also send pairs that failed, gave up, were removed, or were verified to be missing
    """

    input: str
    from_type: str | None = None
    to_type: str | None = None
    from_column: str | None = None
    to_column: str | None = None
    from_type_column: str | None = None
    to_type_column: str | None = None
    delimiter: str = "auto"
    encoding: str = "auto"
    sheet: str | None = None
    allow_empty: bool | None = None
    trust_quotes: bool = False
    report: str | None = None
    checkpoint: str | None = None
    overwrite: bool = False
    limit: int | None = None
    skip_existing: bool = False
    retry: bool = False
    stop_after_failures: int = 100
    method: Literal["put", "batch"] = "put"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self, "method", self.method in ("put", "batch"), "use put or batch")
        _check(self, "stop_after_failures", self.stop_after_failures >= 0, "use 0 or more")
        _check(self, "limit", self.limit is None or self.limit >= 1, "use 1 or more")
        for name in ("report", "checkpoint"):
            _check(self, name, getattr(self, name) != "-", "use a file; for one named -, use ./-")
        if self.input == "-" and self.token_file == "-":  # noqa: S105 - a path
            raise UsageError(
                "INPUT and --token-file can't both be standard input: save one of them to a file"
            )
        _check_files(
            {"INPUT": self.input, "the report": str(self.report_path), "the log file": self.log_file}
        )

    @property
    def report_path(self) -> Path:
        """Where the report goes: `--report`, else STEM.report.csv beside the input."""
        if self.report is not None:
            return Path(self.report)
        return beside(Path(self.input), "report")


@dataclass(frozen=True, kw_only=True)
class VerifySettings(ConnectionSettings):
    """One `verify`: the input, the report or the checkpoint of a load."""

    path: str

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_files({"PATH": self.path, "the log file": self.log_file})


@dataclass(frozen=True, kw_only=True)
class UndoSettings(ConnectionSettings):
    """One `undo`: the input, the report or the checkpoint of a load.

    not_in_input: take back only pairs that are no longer in the input
    """

    path: str
    not_in_input: bool = False
    stop_after_failures: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self, "stop_after_failures", self.stop_after_failures >= 0, "use 0 or more")
        _check_files({"PATH": self.path, "the log file": self.log_file})


def beside(path: Path, what: str) -> Path:
    """``STEM.what.csv`` in the same folder; STEM is ``pairs`` for ``pairs.csv`` and for ``pairs.csv.gz``."""
    name = path.name
    if path.suffix.lower() in _ARCHIVES:
        name = path.stem
    stem = Path(name).stem if Path(name).suffix else name
    return path.parent / f"{stem}.{what}.csv"


def _check_type(name: str, annotation: str, value: object, *, required: bool) -> None:
    allowed = [_KINDS[kind] for kind in annotation.split(" | ")]
    is_number_like_flag = isinstance(value, bool) and "bool" not in annotation
    if is_number_like_flag or not isinstance(value, tuple(kind for kinds, _ in allowed for kind in kinds)):
        raise _invalid(name, value, allowed[0][1])
    if value == "":  # often an empty variable in a script; ignoring the option could do more than was meant
        if required:
            raise UsageError(f"{name.upper()} is empty: name a file")
        raise UsageError(f"--{name.replace('_', '-')} is empty: give it a value, or leave it out")


def _check(settings: ConnectionSettings, name: str, valid: bool, use: str) -> None:
    if not valid:
        raise _invalid(name, getattr(settings, name), use)


def _invalid(name: str, value: object, use: str) -> UsageError:
    return UsageError(f"Invalid --{name.replace('_', '-')} {value!r}: {use}")


def _check_files(files: dict[str, str | None]) -> None:
    """Raise UsageError if two of these are the same file. Standard input doesn't count."""
    named = [(what, path) for what, path in files.items() if path is not None and path != "-"]
    for index, (what, path) in enumerate(named):
        for other, another in named[index + 1 :]:
            if _same_file(path, another):
                message = f"{what} and {other} are the same file: {path}"
                raise UsageError(message, f"Give {other} another name.")


def _same_file(one: str, other: str) -> bool:
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
