"""Properties of the input side: whatever the text, nothing is lost, nothing is invented, both ways agree."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from loader.errors import InputError, UsageError
from loader.model import Outcome, Pair
from loader.source import Columns, Layout, Source, Survey, open_input

FIELDS = st.text(st.characters(codec="utf-8"), max_size=12)
IDS = st.integers(1, 2**63 - 1).map(str)
COLUMNS = Columns(from_type="contacts", to_type="companies")
#: What files are made of, so that random text finds the corners of the format.
PIECES = st.lists(
    st.sampled_from(
        [
            *(",", ",", '"', '"', '""', "\n", "\n", "\r\n", "\r", " ", "\t", ";", "-"),
            *("1", "22", "0", "007", "5.0", "9" * 19, "x", "é", "\0", "\ufeff", "\u2028", "\x1a"),
            *("1,2,n\n", "3,4,\n", '5,6,"a\nb"\n', "from_object_id"),
        ]
    ),
    max_size=40,
).map("".join)


def no_line_is_plain(layout: Layout) -> re.Pattern[str]:
    """Sends every line through the record scanner."""
    return re.compile("(?!)")


def read(text: str, columns: Columns = COLUMNS, **how: Any) -> tuple[Survey, list[Pair], list[Outcome]] | str:
    """Survey and stream a file of this text, or the words with which it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input.csv"
        path.write_text(text, encoding="utf-8", newline="")
        with open_input(str(path)) as file:
            try:
                source = Source(file, columns, now=lambda: 0.0, **how)
                survey = source.survey()
            except UsageError as error:
                line = error.line if isinstance(error, InputError) else None
                return f"{str(error).replace(folder, '')} ({line})"
            pairs, outcomes = [], []
            for batch in source.batches(survey):
                pairs += batch.pairs
                outcomes += batch.outcomes
    return survey, pairs, outcomes


@given(st.one_of(PIECES, FIELDS))
@settings(max_examples=300)
def test_any_text_below_a_header_is_accounted_for(body: str) -> None:
    result = read("from_object_id,to_object_id,note\n" + body)
    if isinstance(result, str):
        return
    survey, pairs, outcomes = result
    assert sorted([p.row for p in pairs] + [o.pair.row for o in outcomes]) == list(range(1, survey.rows + 1))
    assert (survey.sendable, survey.invalid + survey.duplicates) == (len(pairs), len(outcomes))
    ids = set(re.findall(r"[0-9]+", body))
    for pair in pairs:
        assert {pair.from_id, pair.to_id} <= {number.lstrip("0") for number in ids}


@given(FIELDS | PIECES)
@settings(max_examples=200)
def test_any_text_at_all_is_read_or_refused_in_words(text: str) -> None:
    result = read(text)
    assert result


@given(st.lists(st.tuples(IDS, FIELDS, IDS, FIELDS), max_size=20), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=200)
def test_what_the_csv_module_writes_comes_back(rows: list[tuple[str, str, str, str]], end: str) -> None:
    """Notes are free but for what reads as a row of its own: that one the loader refuses on purpose."""
    rows = [(a, _no_row(one), b, _no_row(two)) for a, one, b, two in rows]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("from_object_id", "one", "to_object_id", "two"), *rows])
    result = read(text.getvalue())
    assert not isinstance(result, str), result
    _, pairs, outcomes = result
    first: dict[tuple[str, str], int] = {}
    for number, (from_id, _, to_id, _) in enumerate(rows, 1):
        first.setdefault((from_id, to_id), number)
    everything = {p.row: p for p in [*pairs, *(o.pair for o in outcomes)]}
    assert [(p.row, p.from_id, p.to_id) for p in pairs] == [(n, *pair) for pair, n in first.items()]
    for number, (from_id, one, to_id, two) in enumerate(rows, 1):
        pair = everything[number]
        (rest,) = csv.reader(io.StringIO(pair.rest, newline=""))
        assert (pair.from_id, pair.to_id, rest) == (from_id, to_id, ["", one, two])


def _no_row(note: str) -> str:
    return re.sub(r"[0-9]", "", note)


@given(PIECES, st.booleans())
@settings(max_examples=400)
def test_pandas_and_the_record_scanner_agree(body: str, typed: bool) -> None:
    header = "from_object_id,to_object_id,note\n"
    columns = COLUMNS
    if typed:
        header, columns = "from_object_type,from_object_id,to_object_id\n", Columns(to_type="contacts")
    fast = read(header + body, columns)
    slow = read(header + body, columns, plain=no_line_is_plain)
    if isinstance(fast, str) or isinstance(slow, str):
        assert fast == slow
        return
    assert fast[1] == slow[1]
    assert sorted(fast[2]) == sorted(slow[2])
    assert fast[0].refused == slow[0].refused
    assert fast[0].type_pairs == slow[0].type_pairs
