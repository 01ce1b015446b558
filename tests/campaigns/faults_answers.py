"""Faulty answers: what can become of a true answer, and answers that never were true.

None is a lie that no client could see through: no answer names a pair as associated that is not, leaves out
one of several associations of a record that it tells about, or calls a removal complete that is not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from random import Random
from typing import NamedTuple

import orjson

from loader.simulator.answers import HTML, JSON, BrokenReply, Reply
from tests.campaigns import faults_changes as changes


class Fault(NamedTuple):
    """One way to answer.

    works: whether the request is carried out; None: either
    answer: makes the faulty answer of the true one
    harmless: the answer says as much as the true one, in another form
    """

    works: bool | None
    answer: Callable[[Reply, Random], Reply | BrokenReply]
    harmless: bool = False


RETRY_AFTER = (
    "0",
    "1",
    "2.5",
    "7",
    "-1",
    "soon",
    "",
    "1e3",
    "99999999999999",
    "9" * 400,
    "past",
    "date",
    "61",
)
_CORRELATION_IDS = ("", "x" * 5000, "=1+1", "\u00fc\u00df", 'a,b\t"c"', "0f2b7c1e-3333-4333-8444-1234")


def headers_of(random: Random) -> dict[str, str]:
    """Headers that any answer may have."""
    headers: dict[str, str] = {}
    if random.random() < 0.3:
        headers["X-HubSpot-Correlation-Id"] = random.choice(_CORRELATION_IDS)
    if random.random() < 0.5:
        headers["X-HubSpot-RateLimit-Max"] = random.choice(["190", "100", "250", "0", "-5", "x", "9" * 40])
        headers["X-HubSpot-RateLimit-Remaining"] = random.choice(["150", "90", "99", "x", "-1", "9" * 30])
        headers["X-HubSpot-RateLimit-Interval-Milliseconds"] = random.choice(["10000", "10000", "0", "", "x"])
    if random.random() < 0.1:
        headers["X-HubSpot-RateLimit-Daily"] = random.choice(["1000000", "0", "x"])
        headers["X-HubSpot-RateLimit-Daily-Remaining"] = random.choice(["999999", "0", "-1", "x"])
    if random.random() < 0.1:
        headers[f"X-Padding-{random.randrange(9)}"] = "x" * random.choice([5_000, 20_000, 50_000])
    return headers


def _retry_after(random: Random) -> dict[str, str]:
    if random.random() < 0.5:
        return {}
    value = random.choice(RETRY_AFTER)
    if value in ("past", "date"):
        value = formatdate(time.time() + (-100 if value == "past" else 3), usegmt=True)
    return {"Retry-After": value}


def _error(random: Random, **names: object) -> bytes:
    """The JSON of an error in one of its forms."""
    body: dict[str, object] = {
        "status": "error",
        "message": "The server is out of order",
        "correlationId": "c",
    }
    body |= names
    for name in random.sample(sorted(body), random.choice([0, 0, 1])):
        if name not in names:
            del body[name]
    if random.random() < 0.3:
        body["subCategory"] = random.choice(["a.B", {"name": "a.B"}, None, 5, ["a"]])
    if random.random() < 0.3:
        body["errors"] = random.choice([[], None, {}, "x", [5], [{"message": 5}], [{"context": "no object"}]])
    if random.random() < 0.1:
        body["message"] = random.choice(["", None, 5, "=1+1", "two\nlines", "x" * 3000, {"no": "text"}])
    return orjson.dumps(body)


def _any_body(reply: Reply, random: Random, **names: object) -> bytes:
    page = b"<html><body><h1>Sorry</h1></body></html>"
    garbage = random.randbytes(random.randrange(1, 300))
    nested = b'{"a":' * 50_000 + b"1" + b"}" * 50_000
    return random.choice([_error(random, **names)] * 4 + [page, b"", b" \n", garbage, nested, reply.body])


def _status(*statuses: int, wait: bool = True) -> Callable[[Reply, Random], Reply]:
    def answer(reply: Reply, random: Random) -> Reply:
        body = _any_body(reply, random, category=random.choice(["ERROR", "OBJECT_NOT_FOUND", None]))
        headers = HTML if body.startswith(b"<") else JSON
        return Reply(random.choice(statuses), body, {**headers, **(_retry_after(random) if wait else {})})

    return answer


def _said(
    status: int, headers: Mapping[str, tuple[str, ...]] | None = None, **names: object
) -> Callable[[Reply, Random], Reply]:
    def answer(_: Reply, random: Random) -> Reply:
        drawn = {name: random.choice(values) for name, values in (headers or {}).items()}
        return Reply(status, _error(random, **names), {**JSON, **drawn})

    return answer


def _throttled(_: Reply, random: Random) -> Reply:
    names: dict[str, object] = {"policyName": random.choice(["TEN_SECONDLY_ROLLING", "SECONDLY"])}
    if random.random() < 0.5:
        names = {"category": "RATE_LIMITS"}
    body = random.choice([_error(random, **names), _error(random, **names), b"", b"<html>slow down</html>"])
    return Reply(429, body, {**JSON, **_retry_after(random)})


def _redirect(_: Reply, random: Random) -> Reply:
    places = ("http://localhost:1/other", "", "//[", "https://user:secret@example.com/?q", "x" * 3000)
    return Reply(random.choice([301, 302, 307, 308]), b"", {"Location": random.choice(places)})


def _body(*bodies: bytes, statuses: tuple[int, ...] = (200, 200, 201)) -> Callable[[Reply, Random], Reply]:
    return lambda _, random: Reply(random.choice(statuses), random.choice(bodies), JSON)


def _cut(reply: Reply, random: Random) -> Reply:
    return reply._replace(body=reply.body[: random.randrange(len(reply.body) or 1)])


def _other_status(reply: Reply, random: Random) -> Reply:
    return reply._replace(status=random.choice([200, 201, 202, 207, 299]) if reply.body else reply.status)


def _broken(number: int) -> Callable[[Reply, Random], BrokenReply]:
    return lambda reply, _: BrokenReply(number, reply.body or b"{}")


#: Faults of any endpoint, by name.
ANYWHERE: dict[str, Fault] = {
    "server error": Fault(None, _status(408, 409, 423, 425, 500, 502, 503, 504, 520, 524, 599)),
    "refusal": Fault(None, _status(400, 404, 405, 410, 413, 414, 415, 418, 422, 451, wait=False)),
    "no such status": Fault(None, _status(799, 999)),
    "forbidden": Fault(False, _status(403)),
    "throttled": Fault(False, _throttled),
    "daily limit": Fault(False, _said(429, {"Retry-After": RETRY_AFTER}, policyName="DAILY")),
    "moving": Fault(False, _said(477, {"Retry-After": ("1", "20", "200", "3600", "", "soon")})),
    "unauthorized": Fault(False, _said(401, category="INVALID_AUTHENTICATION")),
    "expired": Fault(False, _said(401, category="EXPIRED_AUTHENTICATION")),
    "missing scopes": Fault(False, _said(403, category="MISSING_SCOPES")),
    "no permission": Fault(False, _said(403, category="USER_DOES_NOT_HAVE_PERMISSIONS")),
    "other data centre": Fault(False, _said(488, correctHublet="eu1")),
    "redirect": Fault(False, _redirect),
    "no answer": Fault(None, _broken(600)),
    "bytes one by one": Fault(True, _broken(601)),
    "reset": Fault(None, _broken(602)),
    "closed": Fault(None, _broken(603)),
    "half a body": Fault(None, _broken(604)),
    "half a chunk": Fault(None, _broken(605)),
    "no HTTP": Fault(None, _broken(606)),
    "no gzip": Fault(None, _broken(609)),
    "no UTF-8": Fault(None, _broken(610)),
    "40,000 bytes of header": Fault(True, _broken(612), harmless=True),
    "100,000 bytes of header": Fault(None, _broken(613)),
    "correlation ID not UTF-8": Fault(True, _broken(614), harmless=True),
    "deep": Fault(True, _broken(617)),
    "unfinished": Fault(
        None, changes.other_state("PENDING", "PROCESSING", "CANCELED", "pending", 5, "", [], {})
    ),
    "no success": Fault(None, _body(b"{}", b"[]", b"null", b"true", b"0", b'"x"', b'{"success":false}')),
    "unreadable success": Fault(None, _body(b"<html>", b"{", b"\xff\xfe{", b'{"status":NaN}', b"\0" * 9)),
    "empty success": Fault(None, _body(b"", b" ", statuses=(200, 202))),
    "cut off": Fault(None, _cut),
    "other success": Fault(True, _other_status, harmless=True),
    "state in lower case": Fault(True, changes.other_state("complete", " Complete ", None), harmless=True),
}
_RESULTS: dict[str, Fault] = {
    "no results": Fault(None, changes.of_document(lambda document, _: document.update(results=[]))),
    "results are none": Fault(
        None,
        changes.of_document(
            lambda document, random: document.update(results=random.choice([None, {}, "x", 5]))
        ),
    ),
    "reversed": Fault(True, changes.of_results(lambda results, _: results[::-1]), harmless=True),
    "twice": Fault(True, changes.of_results(lambda results, _: results * 2), harmless=True),
    "some results": Fault(True, changes.of_results(changes.some_results)),
    "junk in results": Fault(True, changes.of_results(changes.junk_added)),
    "IDs as numbers": Fault(True, changes.ids_as_numbers, harmless=True),
    "more errors counted": Fault(True, changes.of_document(changes.more_errors)),
    "fewer errors named": Fault(True, changes.of_document(changes.fewer_errors)),
    "errors without context": Fault(True, changes.of_document(changes.without_context)),
    "other subCategory": Fault(True, changes.of_document(changes.other_sub_category), harmless=True),
}
#: Faults by endpoint, beside those of any.
OF_ENDPOINT: dict[str, dict[str, Fault]] = {
    "associate": {**_RESULTS, "no body": Fault(None, _body(b"", statuses=(204, 205)))},
    "batch associate": {
        **_RESULTS,
        "no errors": Fault(True, changes.of_document(changes.no_errors)),
        "no body": Fault(None, _body(b"", statuses=(204, 205))),
    },
    "batch read": {
        **_RESULTS,
        "some results": Fault(True, changes.of_results(changes.some_records)),
        "no errors": Fault(True, changes.of_document(changes.no_errors)),
        "in two results": Fault(True, changes.of_results(changes.in_two_results), harmless=True),
        "pages in a circle": Fault(True, changes.of_document(changes.cursors_in_a_circle)),
        "spoilt entries": Fault(True, changes.of_document(changes.spoilt_entries)),
        "no body": Fault(None, _body(b"", statuses=(204, 205))),
    },
    "batch archive": {"more errors counted": Fault(True, changes.of_document(changes.more_errors))},
    "read objects": _RESULTS,
    "labels": _RESULTS,
    "account": {
        "odd account": Fault(
            True,
            _body(
                *(b'{"portalId":%s}' % number for number in (b"9" * 5000, b"0", b"-1", b'"62515"', b"null")),
                b'{"portalId":62515,"timeZone":"../../etc/passwd","uiDomain":5,"accountType":[]}',
            ),
        )
    },
}
