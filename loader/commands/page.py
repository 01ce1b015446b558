"""`summary --html`: a load as one page, with the rows of its input that need attention."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from loader.checkpoint import Checkpoint, Verified, find_checkpoint
from loader.checkpoint.index import read_index
from loader.checkpoint.reading import Selection, StoredPair, results_per_second, select_stored
from loader.commands.plan import read_again
from loader.csvtext import decode_cells
from loader.errors import InputError, UsageError
from loader.model import GOOD, Status
from loader.report import write_whole
from loader.source import Chunk, InvalidRow, Source
from loader.summary.model import LoadSummary
from loader.summary.page import AttentionRow, is_page, render_page

_NEED_ATTENTION = (
    Selection(statuses=(Status.FAILED, Status.GAVE_UP)),
    Selection(verified=(Verified.MISSING, Verified.UNKNOWN)),
)


def write_page(path: str, summary: LoadSummary, page: str) -> None:
    """Write the page of a load; `path` is its input, report or checkpoint.

    Raises UsageError if the page can't be written, or would overwrite a file that is not a page of ours.
    """
    out = Path(page)
    try:
        ours = not out.is_file() or is_page(out)  # a pipe to another program has nothing to lose
    except OSError as error:
        raise UsageError(f"{page} can't be read: {error.strerror}", "Name another file.") from error
    if not ours:
        raise UsageError(
            f"{page} was not written by assoc-loader, and is left unchanged", "Name another file."
        )
    with Checkpoint(find_checkpoint(Path(path))) as checkpoint:
        source = _source(checkpoint)
        settled = [
            (second, status not in GOOD, pairs)
            for (second, status), pairs in results_per_second(checkpoint).items()
        ]
        html = render_page(
            summary,
            _rows(checkpoint, source),
            source.other_names if source else (),
            settled,
            datetime.now(UTC),
        )
    try:
        if out.exists() and not out.is_file():
            out.write_bytes(html.encode())
        else:
            write_whole(out, html.encode())
    except OSError as error:
        raise UsageError(f"The page {page} can't be written: {error.strerror}") from error


def _source(checkpoint: Checkpoint) -> Source | None:
    try:
        return read_again(checkpoint)
    except InputError:  # it has changed since; the checkpoint still has the pairs
        return None


def _rows(checkpoint: Checkpoint, source: Source | None) -> Iterator[AttentionRow]:
    """The pairs that need attention, in the input's order if there is an input."""
    stored = {
        pair.id: pair
        for selection in _NEED_ATTENTION
        for pairs in select_stored(checkpoint, selection)
        for pair in pairs
    }
    if source is None:
        yield from (_row(pair, 0, "") for pair in stored.values())
        return
    index = read_index(checkpoint)
    for chunk in source.chunks(source.survey(), with_rests=True):
        ids = index.find(chunk.from_ids, chunk.to_ids, chunk.types, source.type_pairs)
        found = [
            (position, _row(stored[pair_id], row, rest))
            for pair_id, position, row, rest in zip(
                ids.tolist(), chunk.positions.tolist(), chunk.rows_of.tolist(), _rests(chunk), strict=True
            )
            if pair_id in stored
        ]
        found += [(row.position, _invalid_row(row)) for row in chunk.invalid]
        yield from (row for _, row in sorted(found, key=lambda one: one[0]))


def _rests(chunk: Chunk) -> list[str]:
    return chunk.rests or [""] * len(chunk.positions)


def _row(pair: StoredPair, row: int, rest: str) -> AttentionRow:
    return AttentionRow(
        row,
        pair.from_type,
        pair.from_id,
        pair.to_type,
        pair.to_id,
        pair.status or Status.NOT_SENT,
        pair.http_status,
        pair.error_category,
        pair.error_message,
        pair.error_details,
        pair.correlation_id,
        pair.verified,
        tuple(decode_cells(rest)[1:]) if rest else (),
    )


def _invalid_row(row: InvalidRow) -> AttentionRow:
    category, message = row.fault
    return AttentionRow(
        row.row,
        row.from_type,
        row.from_id,
        row.to_type,
        row.to_id,
        Status.INVALID,
        error_category=category,
        error_message=message,
        others=tuple(decode_cells(row.rest)[1:]) if row.rest else (),
    )
