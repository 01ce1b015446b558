"""If columns are not found: the best guess, as a complete command to try."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields

from loader.object_types import STANDARD_TYPES, canonical_type, plural
from loader.source.cell_rules import judge_id, split_ids
from loader.source.column_search import Found, find_columns
from loader.source.columns import Columns, fold_name
from loader.text import command_line

_TYPE_WORD = re.compile(
    "(?<![a-z])(?:"
    + "|".join(
        sorted((n.replace("_", " ") for names in STANDARD_TYPES.values() for n in names), reverse=True)
    )
    + ")(?=[^a-z]|ids?(?![a-z])|$)"
)
_OTHER = {"contacts": "companies", "companies": "contacts"}
_ID_WORD = re.compile(r"(?:.*[^a-z])?ids?(?:[^a-z].*)?|.*[a-z]id")


def suggest_command(
    path: str, names: Sequence[str], rows: Sequence[Sequence[str]], columns: Columns, encoding: str
) -> str:
    """A `check` of the same file with the missing options filled in; empty if there is no good guess.

    `rows` are the first data rows, `columns` and `encoding` the options that were given.
    """
    found = find_columns(names, columns)
    guess = {option.name: getattr(columns, option.name) for option in fields(columns)}
    for side in ("from", "to"):
        if f"{side}_column" in found.missing:
            wanted = guess[f"{side}_type"]
            taken = _taken(found) | {_place(names, guess["from_column"])}
            scores = {i: _score(names[i], wanted) for i in range(len(names)) if i not in taken}
            scores = {i: score for i, score in scores.items() if score and _holds_ids(rows, i)}
            if not scores:
                return ""
            best = max(scores, key=lambda i: (scores[i], -i))
            guess[f"{side}_column"] = names[best].strip()
            # If the column's name contradicts the given type, the name wins.
            guess[f"{side}_type"] = _type_in(names[best]) or wanted
    for side, other, usual in (("from", "to", "contacts"), ("to", "from", "companies")):
        if f"{side}_type" in found.missing and not guess[f"{side}_type"]:
            taken_type = guess[f"{other}_type"] or _type_in(guess[f"{other}_column"] or "")
            named = _type_in(guess[f"{side}_column"] or "")
            guess[f"{side}_type"] = named or (usual if usual != taken_type else _OTHER[usual])
    if find_columns(names, Columns(**guess)).problems:
        return ""
    words = ["assoc-loader", "check", path]
    for option, value in {**guess, "encoding": encoding}.items():
        flag = option.replace("_", "-")
        if isinstance(value, str) and value != "auto":
            words += [f"--{flag}", "tab" if value == "\t" else value]
        elif value is True:
            words.append(f"--{flag}")
    if columns.allow_empty is False:
        words.append("--no-allow-empty")
    return command_line(words)


def _taken(found: Found) -> set[int | None]:
    sides = [side for side in (found.from_side, found.to_side) if side]
    sure = [side for side in sides if f"{side.side}_column" not in found.missing]
    return {column for side in sure for column in side.columns}


def _place(names: Sequence[str], wanted: str | None) -> int | None:
    places = [i for i, name in enumerate(names) if wanted and fold_name(name) == fold_name(wanted)]
    return places[0] if places else None


def _holds_ids(rows: Sequence[Sequence[str]], column: int) -> bool:
    cells = [row[column] for row in rows if column < len(row) and row[column].strip()]
    ids = [isinstance(judge_id(piece, ""), int) for cell in cells for piece in split_ids(cell)]
    return 2 * sum(ids) > len(ids) or not rows


def _score(name: str, wanted: str | None) -> int:
    named = _type_in(name)
    matches = wanted is not None and named is not None and canonical_type(named) == canonical_type(wanted)
    return 4 * matches + 2 * (_ID_WORD.fullmatch(fold_name(name)) is not None) + (named is not None)


def _type_in(name: str) -> str | None:
    """The standard object type whose name is in a column's name, in plural."""
    match = _TYPE_WORD.search(fold_name(name).replace("_", " "))
    return plural(canonical_type(match[0].replace(" ", "_"))) if match else None
