"""Magic record IDs: each makes a fault happen, like the test card numbers of payment providers.

As the from ID or the to ID of a pair, a number of 13 digits (HubSpot's own have at most 12) makes the calls
that associate answer as its digits say:

    9000 SSS V KK NNN
         │   │ │  └── any digits, so that rows can differ
         │   │ └───── only the first KK times that the pair is sent, then it succeeds; 00: every time
         │   └─────── variant of the fault; an unknown one acts as 0
         └─────────── an HTTP status from 200 on, or the number of a broken answer from 600 on

So 9000404000001 is always answered 404, and 9000503002001 is 503 twice and then a success. The other calls
(read, archive, ...) treat magic IDs as ordinary records. `faults` lists the variants and makes the answers.
"""

from __future__ import annotations

from typing import NamedTuple

_PREFIX = "9000"
_TYPE_BOUND = "9100"

#: Answers that are broken below HTTP or in their bytes, by their number in place of a status.
BROKEN_ANSWERS = {
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
    612: "a header of 40 KB",
    613: "a header of 100 KB",
    614: "a correlation ID that is not UTF-8",
    615: "results with numbers as IDs instead of strings",
    616: "an empty JSON object",
    617: "JSON that is nested 100,000 levels deep",
}


class Magic(NamedTuple):
    """The fault that a magic ID asks for.

    status: an HTTP status, or a number of `BROKEN_ANSWERS`.
    variant: 0 to 9.
    times: how often the fault happens to a pair; 0 for always.
    """

    status: int
    variant: int
    times: int

    @property
    def breaks_answer(self) -> bool:
        """Whether the bytes of the answer are broken, whatever it says."""
        return self.status in BROKEN_ANSWERS


def parse(record_id: str) -> Magic | None:
    """Read a record ID as a magic one; None if it is an ordinary record."""
    if len(record_id) != 13 or not record_id.startswith(_PREFIX) or not record_id.isdecimal():
        return None
    status, variant, times = int(record_id[4:7]), int(record_id[7]), int(record_id[8:10])
    return Magic(status, variant, times) if 200 <= status <= 599 or status in BROKEN_ANSWERS else None


def bound_type(record_id: str) -> str | None:
    """The only type that has this record: 9100 T NNNNNNNN exists as type 0-T alone.

    For practising with swapped columns. None for an ordinary ID, which every type has.
    """
    if len(record_id) == 13 and record_id.startswith(_TYPE_BOUND):
        return f"0-{record_id[4]}"
    return None
