"""How input, report and checkpoint are named after one another (contract, section 3, "Names")."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import combinations, count
from pathlib import Path

from loader.checkpoint.connection import roll_back
from loader.errors import CheckpointError

SUFFIX = ".checkpoint.db"
_REPORT_SUFFIXES = (".report.csv", ".csv")
_ARCHIVES = (".gz", ".bz2", ".xz", ".zip", ".zst")


def report_of(input_path: Path, *, simulate: bool = False) -> Path:
    """The default report of an input: ``STEM.report.csv``, or ``STEM.simulated.report.csv``, beside it."""
    name = input_path.stem if input_path.suffix.lower() in _ARCHIVES else input_path.name
    stem = Path(name).stem if Path(name).suffix else name
    return input_path.with_name(f"{stem}{'.simulated' if simulate else ''}.report.csv")


def stem_of_report(report: Path) -> str:
    """A report's name without ``.report.csv`` or ``.csv``."""
    for suffix in _REPORT_SUFFIXES:
        if report.name.lower().endswith(suffix):
            return report.name[: -len(suffix)]
    return report.name


def checkpoint_of(report: Path) -> Path:
    """The default checkpoint of a report: in its folder, ``STEM.checkpoint.db``."""
    return report.with_name(stem_of_report(report) + SUFFIX)


def kept_input_of(report: Path) -> Path:
    """Where standard input is kept: ``STEM.input.csv`` beside the report."""
    return report.with_name(f"{stem_of_report(report)}.input.csv")


@dataclass(frozen=True)
class LoadFiles:
    """The three files of a load. `input` is None if it is not known; none of them need exist."""

    input: Path | None
    report: Path
    checkpoint: Path

    @property
    def all(self) -> list[Path]:
        """Those of the three that are known."""
        return [one for one in (self.input, self.report, self.checkpoint) if one is not None]

    @classmethod
    def of(
        cls, input_path: Path | None, report: Path | None, checkpoint: Path | None, *, simulate: bool = False
    ) -> LoadFiles:
        """The files of `load INPUT`; options may name the report and the checkpoint.

        `input_path` is None for standard input, which needs a `report`. Raises CheckpointError if two of the
        three are the same file.
        """
        if report is None:
            if input_path is None:
                raise ValueError("standard input has no default report")
            report = report_of(input_path, simulate=simulate)
        files = cls(input_path or kept_input_of(report), report, checkpoint or checkpoint_of(report))
        files._refuse_one_file()
        return files

    def _refuse_one_file(self) -> None:
        named = {"INPUT": self.input, "the report": self.report, "the checkpoint": self.checkpoint}
        for (one, path), (other, second) in combinations(named.items(), 2):
            if path is not None and second is not None and same_file(path, second):
                raise CheckpointError(
                    f"{one} and {other} are one file: {path}", "Name another report with --report."
                )

    def set_aside(self) -> LoadFiles:
        """Rename the report and the checkpoint, if they exist, to the first free ``STEM.replaced-N.…``.

        For `--overwrite`, under the checkpoint's lock and before it is opened. Returns the new names. Raises
        CheckpointError.
        """
        stem = stem_of_report(self.report)
        for number in count(1):
            new_stem = f"{stem}.replaced-{number}"
            report = self.report.with_name(f"{new_stem}.report.csv")
            checkpoint = self.checkpoint.with_name(new_stem + SUFFIX)
            if not report.exists() and not checkpoint.exists():
                break
        roll_back(self.checkpoint)  # a killed run's rollback journal is a second file
        for old, new in ((self.checkpoint, checkpoint), (self.report, report)):
            try:
                old.rename(new)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise CheckpointError(
                    f"{old} can't be renamed to {new.name}: {error.strerror or error}",
                    "Close the program that has it open, or allow this user to rename files in that folder.",
                ) from error
        return LoadFiles(self.input, report, checkpoint)


def discard(checkpoint: Path) -> None:
    """Delete a checkpoint and its rollback journal; under its lock and before it is opened.

    Raises CheckpointError.
    """
    for path in (checkpoint, checkpoint.with_name(f"{checkpoint.name}-journal")):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise CheckpointError(
                f"{path} can't be deleted: {error.strerror or error}",
                "Close the program that has it open, or allow this user to delete files in that folder.",
            ) from error


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths name one file, also through links and on file systems that ignore case."""
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        return one.samefile(other)
    except OSError:
        return False
