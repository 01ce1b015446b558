"""Writing the report: the input joined with the checkpoint, in one atomic step.

The program never reads a report back. It only checks whether a report was edited since: if so, that file is
kept under another name.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from loader.checkpoint import Checkpoint, ReportWritten
from loader.checkpoint.index import Index, read_index
from loader.errors import Stopped
from loader.report.file_sync import copy_permissions, sync_directory, sync_file
from loader.report.lines import ReportLines, header
from loader.source import Chunk, TypePair

_REPORT_SUFFIXES = (".report.csv", ".csv")


@dataclass(frozen=True)
class ReportResult:
    """How writing a report ended.

    written: the file at `path` is the new report; if not, it is as it was, and `problem` says why.
    kept: the new name of a report that was edited since it was written.
    """

    path: Path
    written: bool
    kept: Path | None = None
    problem: str = ""


def write_report(
    checkpoint: Checkpoint,
    path: Path,
    chunks: Iterable[Chunk],
    type_pairs: Iterable[TypePair],
    other_names: Sequence[str],
    index: Index | None = None,
) -> ReportResult:
    """Write the report of all `chunks` of the input, and of the pairs that are no longer in it.

    `type_pairs` are those of the source, which may still grow with the chunks; `other_names` the input's
    other columns; `index` has all pairs of the checkpoint (None: it is read). If writing does not finish, the
    old report stays intact. Raises what `chunks` raises.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():  # reading a pipe would never end
        return ReportResult(path, False, problem=f"{path} can't be replaced: it is not a file")
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        digest = _write(unfinished, _texts(checkpoint, chunks, type_pairs, other_names, index), like=path)
        return _replace(checkpoint, path, unfinished, digest)
    except OSError as error:
        return ReportResult(path, False, problem=f"{path} can't be replaced: {error.strerror or error}")
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _texts(
    checkpoint: Checkpoint,
    chunks: Iterable[Chunk],
    type_pairs: Iterable[TypePair],
    other_names: Sequence[str],
    index: Index | None,
) -> Iterator[str]:
    lines = ReportLines(checkpoint, index or read_index(checkpoint))
    yield header(other_names)
    for chunk in chunks:
        yield "".join(lines.of_chunk(chunk, type_pairs))
    for others in lines.of_others(len(other_names)):
        yield "".join(others)


def _write(path: Path, texts: Iterable[str], *, like: Path) -> str:
    """Write a new file and sync it to the disk, with the permissions of `like`; return its SHA-256."""
    digest = hashlib.sha256()
    path.unlink(missing_ok=True)
    with path.open("xb") as file:  # "x" follows no link that another user created
        copy_permissions(like, path)
        for text in texts:
            data = text.encode()
            digest.update(data)
            file.write(data)
        file.flush()
        sync_file(file.fileno())
    return digest.hexdigest()


def _replace(checkpoint: Checkpoint, path: Path, new: Path, digest: str) -> ReportResult:
    now = _digest_of(path)
    written = checkpoint.report_written
    edited = now is not None and (written is None or now not in written.digests)
    # Recorded before the file is replaced: after a kill in between, either content counts as the program's.
    digests = (digest,) if now is None or edited else (now, digest)
    try:
        checkpoint.set_report_written(ReportWritten(path=str(path), digests=digests))
    except Stopped as error:
        return ReportResult(path, False, problem=str(error))
    kept = _keep(path) if edited else None
    try:
        new.replace(path)
    except OSError:
        if kept is not None:
            _put_back(kept, path)
        raise
    sync_directory(path.parent)
    return ReportResult(path, True, kept)


def _digest_of(path: Path) -> str | None:
    """The SHA-256 of a file; None if there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _keep(path: Path) -> Path:
    """Give an edited report the first free name ``STEM.edited-N.report.csv`` beside its own; return that."""
    suffix = next((one for one in _REPORT_SUFFIXES if path.name.lower().endswith(one)), "")
    stem = path.name[: len(path.name) - len(suffix)]
    for number in count(1):
        kept = path.with_name(f"{stem}.edited-{number}.report.csv")
        if kept.exists():
            continue
        try:
            os.link(path, kept)  # so that a report is at its path at every moment
        except FileExistsError:
            continue
        except OSError:  # not on every file system
            path.rename(kept)
        return kept
    raise AssertionError("numbers end")


def _put_back(kept: Path, path: Path) -> None:
    if path.exists():
        kept.unlink()
    else:
        kept.rename(path)
