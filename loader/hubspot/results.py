"""The results of an answer that went well, decoded by their shape.

So are nearly all answers, and the shape spares most of the objects that a document in any form is made of.
What differs in anything is left to `answers`, which understands every form.
"""

from __future__ import annotations

import msgspec


class Record(msgspec.Struct, frozen=True, gc=False):
    """One end of an association."""

    id: str


class AssociationType(msgspec.Struct, frozen=True, gc=False):
    """HubSpot's `associationSpec`."""

    category: str = msgspec.field(name="associationCategory")
    type_id: int = msgspec.field(name="associationTypeId")

    @property
    def name(self) -> str:
        """Like ``HUBSPOT_DEFINED:279``."""
        return f"{self.category or '?'}:{self.type_id}"


class Result(msgspec.Struct, frozen=True, gc=False):
    """One of the results: a pair, in one direction."""

    source: Record = msgspec.field(name="from")
    target: Record = msgspec.field(name="to")
    type: AssociationType = msgspec.field(name="associationSpec")


class _Answer(msgspec.Struct, frozen=True, gc=False):
    status: str
    results: list[Result]


_decode = msgspec.json.Decoder(_Answer).decode


def plain_results(body: bytes) -> list[Result]:
    """The results of a complete answer, each of them whole, with text for IDs and a type.

    Empty where the answer is anything else, which says nothing against it. Never raises.
    """
    # msgspec does not look whether text that it leaves out is UTF-8.
    if not body.isascii():
        return []
    try:
        answer = _decode(body)
    except (msgspec.DecodeError, RecursionError):
        return []
    return answer.results if answer.status == "COMPLETE" else []


def types_between(body: bytes, from_id: str, to_id: str) -> str:
    """The association types that the results name between two records, like ``HUBSPOT_DEFINED:279;…``.

    Empty where the pair is not among `plain_results` in this direction, which says nothing against it.
    """
    stands, names = False, []
    for result in plain_results(body):
        source, target = result.source.id, result.target.id
        if source == from_id and target == to_id:
            stands = True
        elif source != to_id or target != from_id:  # nor the same association the other way round
            continue
        if (name := result.type.name) not in names:
            names.append(name)
    return ";".join(names) if stands else ""
