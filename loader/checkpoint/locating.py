"""Which load a path means, and which files a load must not take (contract, section 3, "Names")."""

from __future__ import annotations

from pathlib import Path

from loader.checkpoint.connection import is_database
from loader.checkpoint.naming import SUFFIX, LoadFiles, checkpoint_of, report_of, same_file
from loader.checkpoint.store import Checkpoint
from loader.errors import CheckpointError


def find_checkpoint(path: Path) -> Path:
    """The checkpoint of the load that `path` belongs to, as its checkpoint, its report or its input.

    Raises CheckpointError if there is none, or if there could be two.
    """
    if path.is_dir():
        raise CheckpointError(
            f"{path} is a folder", "Name the input, the report or the checkpoint of a load."
        )
    if path.name.endswith(SUFFIX) or is_database(path):
        return path
    possible = dict.fromkeys((checkpoint_of(path), checkpoint_of(report_of(path)), *_kept_input(path)))
    found = [checkpoint for checkpoint in possible if checkpoint.exists()]
    if len(found) == 1:
        return found[0]
    if found:
        raise CheckpointError(
            f"{path} may be the report of {found[0]} or the input of {found[1]}",
            "Name the checkpoint itself.",
        )
    simulated = checkpoint_of(report_of(path, simulate=True))
    if simulated.exists():
        raise CheckpointError(
            f"{path} has only been loaded with --simulate",
            f"To use that load, give its checkpoint: {simulated}",
        )
    if not path.exists():
        raise CheckpointError(
            f"there is no {path}", "Name the input, the report or the checkpoint of a load."
        )
    raise CheckpointError(
        f"no load of {path} is known: there is no {' or '.join(one.name for one in possible)} beside it",
        "If the load used another --report or --checkpoint, give that path.",
    )


def load_files(checkpoint: Checkpoint, path: Path) -> LoadFiles:
    """The files of the load that `find_checkpoint` found by `path`.

    Raises CheckpointError if `path` is another file with the input's stem: pairs.tsv beside pairs.csv.
    """
    files = checkpoint.files
    if files.input is None or path.name in (files.input.name, files.report.name, files.checkpoint.name):
        return files
    if path.exists() and files.input.exists() and not any(same_file(path, one) for one in files.all):
        raise CheckpointError(
            f"{files.checkpoint} is the checkpoint of {files.input}, not of {path}",
            f"If that is the load you mean, name {files.input}.",
        )
    return files


def _kept_input(path: Path) -> list[Path]:
    """The checkpoint of a load whose standard input was kept as `path`."""
    stem = path.name.removesuffix(".input.csv")
    return [path.with_name(stem + SUFFIX)] if stem != path.name else []


def refuse_files(files: LoadFiles, *, overwrite: bool, simulate: bool = False) -> None:
    """Raise CheckpointError if a load must not take these files.

    It must not if its report is a checkpoint, is a folder that `overwrite` would rename, or exists without
    its checkpoint (unless `overwrite`); if its input is the report of a known load; or if it is simulated and
    would replace a real one.
    """
    if overwrite and files.report.is_dir():
        raise CheckpointError(f"{files.report} is a folder", "Name a file with --report.")
    if files.report.name.endswith(SUFFIX) or is_database(files.report):
        raise CheckpointError(
            f"{files.report} is a checkpoint, and no place for a report", "Name another file."
        )
    if simulate and not overwrite:
        _refuse_real(files.checkpoint)
    overwrite = overwrite or simulate
    if not overwrite and files.report.exists() and not _holds_anything(files.checkpoint):
        what = "is empty" if files.checkpoint.exists() else "does not exist"
        raise CheckpointError(
            f"{files.report} is there, but its checkpoint {files.checkpoint} {what}",
            "Put the checkpoint back: it records what was sent. Or start over with --overwrite, which keeps "
            "the report under another name.",
        )
    if files.input is None or not (known := checkpoint_of(files.input)).exists():
        return
    try:
        with Checkpoint(known) as checkpoint:
            load = checkpoint.files
    except CheckpointError:  # not ours, or of a later version: not the file to complain about here
        return
    if same_file(load.report, files.input):
        raise CheckpointError(
            f"{files.input} is the report of a load",
            f"To send what failed in it, load {load.input} with --retry.",
        )


def refuse_log_file(files: LoadFiles, log_file: str | None) -> None:
    """Raise CheckpointError if the log would be appended to a file of the load, or to one of SQLite's."""
    if log_file is None:
        return
    beside = [files.checkpoint.with_name(files.checkpoint.name + end) for end in ("-lock", "-journal")]
    if any(same_file(Path(log_file), one) for one in (*files.all, *beside)):
        raise CheckpointError(f"{log_file} belongs to the load", "Give the log file another name.")


def _refuse_real(path: Path) -> None:
    """Raise CheckpointError for a real load's checkpoint: a simulated load deletes the one it finds."""
    if not _holds_anything(path):
        return
    with Checkpoint(path) as checkpoint:
        binding = checkpoint.binding
    if binding is not None and not binding.simulated:
        raise CheckpointError(
            f"{path} is the checkpoint of a real load, and --simulate would start it anew",
            "Leave out --report and --checkpoint: a simulated load has names of its own.",
        )


def _holds_anything(checkpoint: Path) -> bool:
    """Whether there is a checkpoint that is not just an empty file."""
    return checkpoint.exists() and (not checkpoint.is_file() or checkpoint.stat().st_size > 0)
