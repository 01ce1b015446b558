"""Magic record IDs: each makes a fault happen, in the manner of payment providers' test cards.

As the from-ID or the to-ID of a pair, a number of 13 digits (HubSpot's own have at most 12) makes the
association calls answer as its digits say:

    9000 SSS V KK NNN
         │   │ │  └── yours, so that rows can differ
         │   │ └───── only the first KK times that the pair is sent, then it succeeds; 00: every time
         │   └─────── variant, see `magic_table`
         └─────────── an HTTP status, or from 600 on a fault of the wire

So 9000404000001 is 404 for ever, and 9000503002001 is 503 twice and then a success. The other calls
(reads, archive) take magic IDs for ordinary records. Parsing only: `faults` makes the answers.
"""

from __future__ import annotations

from typing import NamedTuple

_PREFIX = "9000"
_TYPE_BOUND = "9100"

#: Faults below HTTP, or in its body, by their number in place of the status.
WIRE = {
    600: "no answer, ever",
    601: "an answer of one byte per second",
    602: "connection reset before the answer",
    603: "connection closed before the answer",
    604: "connection closed after half the body",
    605: "connection closed in the middle of a chunked body",
    606: "bytes that are not HTTP",
    607: "a body of 50 MB",
    608: "a compression bomb: 1 MB of gzip that unpacks to 1 GB",
    609: "a body that claims to be gzip and is not",
    610: "a body that is not UTF-8",
    611: "results that name another pair",
}

# (statuses, variant): what it is. The variants 6 to 9 go with every status, 1 and 2 with those from 300 on.
_VARIANTS = {
    ("2xx", 1): "success with empty results: nothing was made",
    ("2xx", 2): "success with numErrors and errors: the pair was refused",
    ("2xx", 3): "status PENDING, no results",
    ("2xx", 4): "status PROCESSING, no results",
    ("2xx", 5): "status CANCELED, no results",
    ("400", 3): "unknown object type, an error without category",
    ("400", 4): "no default association type",
    ("400", 5): "the record has reached its association limit",
    ("401", 3): "token expired (0: token not accepted)",
    ("403", 3): "MISSING_SCOPES (0: this pair only)",
    ("403", 4): "USER_DOES_NOT_HAVE_PERMISSIONS",
    ("429", 3): "the daily limit (0: the ten-second limit)",
    ("429", 4): "the older SECONDLY limit",
    ("477", 3): "Retry-After: 86400",
    ("any", 1): "with Retry-After: 2 (status 300 and up)",
    ("any", 2): "with Retry-After as an HTTP date two seconds ahead (status 300 and up)",
    ("any", 6): "with JSON that breaks off",
    ("any", 7): "with JSON of another shape: []",
    ("any", 8): "with an HTML page",
    ("any", 9): "with an empty body",
    ("6xx", 1): "the association is made first, then the fault (0: nothing is made)",
}

# Statuses that blame the pair and not the account, the limits or the server: a batch goes on without it.
_REFUSES_PAIR = frozenset({400, 403, 404, 405, 409, 410, 413, 414, 415, 422})


class Magic(NamedTuple):
    """What a magic ID asks for. `times` is 0 for ever."""

    status: int
    variant: int
    times: int

    @property
    def blames_pair(self) -> bool:
        """Whether only the pair is refused; else a whole batch suffers."""
        return self.status in _REFUSES_PAIR and not (self.status == 403 and self.variant in (3, 4))


def parse(record_id: str) -> Magic | None:
    """Read a record ID as a magic one; None for an ordinary record, or a number that the table lacks."""
    if len(record_id) != 13 or not record_id.startswith(_PREFIX) or not record_id.isdecimal():
        return None
    status, variant, times = int(record_id[4:7]), int(record_id[7]), int(record_id[8:10])
    if status in WIRE:
        known = variant in (0, 1)
    elif 200 <= status <= 599:
        family = "2xx" if status < 300 else str(status)
        general = variant in (0, 6, 7, 8, 9) or (status >= 300 and variant in (1, 2))
        known = general or (family, variant) in _VARIANTS
    else:
        known = False
    return Magic(status, variant, times) if known else None


def bound_type(record_id: str) -> str | None:
    """The only type that knows this ID: 9100 T NNNNNNNN is a record of type 0-T and of no other.

    For practising with swapped columns. None for an ordinary ID, which every type knows.
    """
    if len(record_id) == 13 and record_id.startswith(_TYPE_BOUND):
        return f"0-{record_id[4]}"
    return None


def magic_table() -> list[tuple[str, str]]:
    """The scheme as rows of ID and meaning, for a help page: form, examples, variants, wire faults."""
    rows = [
        ("9000SSSVKKNNN", "status SSS, variant V, the first KK times (00: always); NNN is yours"),
        ("9000404000001", "404 every time"),
        ("9000503002001", "503 twice, then success"),
        ("9000500000001", "500 every time"),
        ("9000400000001", "the record does not exist"),
        ("9000301000001", "a redirect to another host"),
        ("9000520000001", "an HTML error page (524 too)"),
    ]
    for (statuses, variant), meaning in _VARIANTS.items():
        digits = {"any": "SSS", "2xx": "2SS", "6xx": "6SS"}.get(statuses, statuses)
        rows.append((f"9000{digits}{variant}KKNNN", meaning))
    rows += [(f"9000{number}VKKNNN", meaning) for number, meaning in WIRE.items()]
    rows.append(("9100TNNNNNNNN", "a record of type 0-T alone (1 contact, 2 company, 3 deal, 5 ticket)"))
    return rows
