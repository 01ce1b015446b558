"""Standard input, saved as the input file of its load."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from loader.errors import InputError
from loader.source import save_copy


class SavedInput:
    """A pipe's content in `path`, from `__enter__` on.

    The earlier content of `path` is restored at the end unless the load has begun (`keep`): a refused command
    changes no file. `known` says whether an earlier run began the load. If not, a different file of that name
    is not ours, and `__enter__` raises InputError; it also does if the pipe can't be read or saved.
    """

    def __init__(self, location: str, path: Path, keep_going: Callable[[], None], *, known: bool) -> None:
        self.path = path
        self._location, self._keep_going, self._known = location, keep_going, known
        self._before = path.with_name(f"{path.name}.before")
        self._kept = False

    def __enter__(self) -> Self:
        new = self.path.with_name(f"{self.path.name}.new")
        save_copy(self._location, new, self._keep_going)
        try:
            if self.path.exists():
                if not self._known and not filecmp.cmp(self.path, new, shallow=False):
                    raise InputError(
                        f"{self.path} would be overwritten: standard input is kept under that name",
                        "Name another --report, or move that file.",
                    )
                os.replace(self.path, self._before)
            os.replace(new, self.path)
        except OSError as error:
            raise InputError(f"{self.path} can't be written: {error.strerror or error}") from error
        finally:
            with suppress(OSError):
                new.unlink()
        return self

    def keep(self) -> None:
        """The load has begun: this is its input from now on."""
        self._kept = True
        with suppress(OSError):
            self._before.unlink()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._kept:
            return
        with suppress(OSError):
            if self._before.exists():
                os.replace(self._before, self.path)
            else:
                self.path.unlink()
