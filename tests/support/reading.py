"""What the loader reads of an input, without a process or a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from loader.errors import InputError
from loader.model import Outcome, Pair
from loader.source import Columns, Source, open_input

COLUMNS = Columns(from_type="contacts", to_type="companies")


def read(
    folder: Path,
    data: bytes,
    columns: Columns = COLUMNS,
    encoding: str = "auto",
    name: str = "input.csv",
) -> tuple[list[Pair], list[Outcome]]:
    """The pairs to send and the rows settled without sending."""
    path = folder / name
    path.write_bytes(data)
    with open_input(str(path)) as file:
        source = Source(file, columns, encoding=encoding)
        batches = list(source.batches(source.survey()))
    return [p for batch in batches for p in batch.pairs], [o for batch in batches for o in batch.outcomes]


def refusal(folder: Path, data: bytes, columns: Columns = COLUMNS, encoding: str = "auto") -> InputError:
    """The error with which this file is refused."""
    with pytest.raises(InputError) as caught:
        read(folder, data, columns, encoding)
    return caught.value
