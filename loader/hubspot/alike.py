"""An answer that says the same of every pair, word for word: then what it says of the first is enough.

So is a batch answered that went well, and its two results a pair are most of what a fast load would spend its
time on. A text that is made of the first pair's with the IDs of the others means the same of them.
"""

from __future__ import annotations

import re
from json import JSONDecoder

from loader.hubspot import Answer, Kind, decode, judge
from loader.model import Pair

_json = JSONDecoder()
#: Bytes within which the first pair's two results end.
_LONGEST_START = 4096


def types_of_all(answer: Answer, pairs: list[Pair], now: float) -> str:
    """The association types that stand between all the `pairs`, like ``HUBSPOT_DEFINED:279;…``.

    Empty where the answer does not have, in the order of the pairs, the same two results for each of them:
    that says nothing against the answer. `now` is Unix time in seconds.
    """
    body, first = answer.body, pairs[0]
    begin = body.find(b"[", body.find(b'"results"')) + 1
    start = _results_of_first(body[begin : begin + _LONGEST_START])
    words = re.split(f'(?<=")({first.from_id}|{first.to_id})(?=")', start)
    if words[1::2] != [first.from_id, first.to_id, first.to_id, first.from_id]:
        return ""
    if first.from_id == first.to_id or "\\" in start:  # then the IDs may not be where they seem to be
        return ""
    a, _, b, _, c, _, d, _, e = words
    results = ",".join(
        [f"{a}{one}{b}{other}{c}{other}{d}{one}{e}" for _, _, one, _, other, *_ in pairs]
    ).encode()
    if not body.startswith(results, begin):
        return ""
    head, tail = body[:begin], body[begin + len(results) :]
    empty = decode(head + tail)
    if empty is None or empty.get("results") != []:  # the place is another one, or has more to say
        return ""
    verdict = judge(answer.status, answer.headers, head + start.encode() + tail, first, now=now)
    return verdict.association_types if verdict.kind is Kind.SUCCESS else ""


def _results_of_first(text: bytes) -> str:
    """The first two of the results that `text` begins with; empty where it does not begin so."""
    start = text.decode(errors="replace")
    try:
        _, end = _json.raw_decode(start)
        _, end = _json.raw_decode(start, end + 1)  # behind the comma
    except ValueError:
        return ""
    return start[:end]
