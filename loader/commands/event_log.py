"""`--log-file`: one JSON line for each HTTP attempt and each decision, as they happen."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from loader.errors import UsageError


class Log:
    """Appends JSON lines to `path`; without a path it writes nothing. A context manager.

    A failed write (a full disk) must not end a run, so it is ignored. Raises UsageError if the file can't be
    opened.
    """

    def __init__(self, path: str | None, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._file = None
        if path is not None:
            try:
                self._file = Path(path).open("ab", buffering=0)  # noqa: SIM115 - closed by __exit__
            except OSError as error:
                raise UsageError(f"the log file {path} can't be written: {error.strerror}") from error

    @property
    def wanted(self) -> bool:
        """Whether there is a log file."""
        return self._file is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, event: dict[str, object]) -> None:
        """Write one line; `time` (Unix seconds) is added."""
        if self._file is not None:
            with suppress(OSError):
                self._file.write(orjson.dumps({"time": round(self._now(), 3), **event}) + b"\n")

    def decision(self, name: str, details: dict[str, object]) -> None:
        """Write a decision: a pause, a change of pace, a stop."""
        self.write({"event": name, **details})
