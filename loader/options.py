"""The options of the Python API, typed: those of the command line by their Python names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from loader.hubspot import Secret

Path: TypeAlias = str | os.PathLike[str]


class ConnectionOptions(TypedDict, total=False):
    """What `load`, `check`, `verify` and `undo` share: the command line's options by their Python names.

    token: the access token; without it the environment's (``HUBSPOT_ACCESS_TOKEN`` or OAuth)
    timeout, outage_timeout: seconds; reserve: percent; rate: ``auto`` or ``N/S``
    """

    token: str | Secret
    token_file: Path
    account_id: int
    base_url: str
    api_version: str
    rate: str
    reserve: float
    workers: int
    max_attempts: int
    timeout: float
    outage_timeout: float
    wait_for_daily_reset: bool
    log_file: Path


class LoadOptions(ConnectionOptions, total=False):
    """The options of `load` and `check`: those of the command line, with the same defaults."""

    from_type: str
    to_type: str
    from_column: str
    to_column: str
    from_type_column: str
    to_type_column: str
    delimiter: str
    encoding: str
    sheet: str
    allow_empty: bool
    trust_quotes: bool
    report: Path
    checkpoint: Path
    overwrite: bool
    limit: int
    skip_existing: bool
    retry: bool
    stop_after_failures: int
    method: Literal["put", "batch"]
    simulate: bool


class UndoOptions(ConnectionOptions, total=False):
    """The options of `undo`."""

    not_in_input: bool
    stop_after_failures: int
