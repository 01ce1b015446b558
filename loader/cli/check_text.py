"""What `check` says: for a terminal, and as plain values for `json.dumps`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from loader.commands.check import Check, RowVerdict
from loader.commands.online_check import Online
from loader.commands.online_findings import AssociationCount, TypePairFindings, Sample
from loader.engine.daily_quota import format_local_time
from loader.hubspot.account import Account
from loader.model import Status
from loader.text import duration, escape_controls, pluralize, truncate

#: Requests a day of the tiers (HubSpot's usage guidelines), for who has not asked the account.
_TIERS = (("Free and Starter", 250_000), ("Professional", 625_000), ("Enterprise", 1_000_000))
_MOST_KINDS = 5


def as_text(check: Check) -> str:
    """The check for a terminal, cells made harmless, ending without a line end."""
    lines = [*_rows(check), *_cost(check)]
    if check.online is not None:
        lines += ["", *_account(check.online), *_findings(check.online)]
    return "\n".join(escape_controls(line) for line in lines)


def as_json(check: Check) -> dict[str, object]:
    """The check as plain values; times are ISO 8601 in UTC, spans in seconds, null what is not known."""
    will = check.forecast
    return {
        "input": check.input,
        "report": str(check.report) if check.report else None,
        "exit_code": check.exit_code,
        "rows": check.rows,
        "chosen": check.chosen,
        "settled": check.settled.total(),
        "open_rows": check.open_rows,
        "to_send": check.to_send,
        "verdicts": [
            {
                "status": str(verdict.status),
                "category": verdict.category,
                "rows": verdict.rows,
                "examples": [example._asdict() for example in verdict.examples],
            }
            for verdict in check.verdicts
        ],
        "kinds": [{"from_type": a, "to_type": b, "rows": n} for (a, b), n in check.kinds.most_common()],
        "requests": will.requests,
        "requests_per_second": round(will.per_second, 3),
        "pace_is_a_guess": will.assumed,
        "seconds": round(will.seconds, 1),
        "days_of_quota": None if will.days_of_quota is None else round(will.days_of_quota, 4),
        "ends_at": _iso(check.ends_at),
        "online": None if check.online is None else _online_json(check.online),
    }


def _rows(check: Check) -> Iterator[str]:
    yield f"{check.input}: {pluralize(check.rows, 'row')}"
    if check.chosen != check.rows:
        yield f"  {check.chosen:,} chosen by --only"
    for verdict in check.verdicts:
        yield from _verdict(verdict)
    if check.report is not None:
        counts = ", ".join(f"{n:,} {status}" for status, n in check.settled.items())
        yield f"  {check.settled.total():,} in the report already ({counts or 'nothing'}): {check.report}"
    yield f"  {check.to_send:,} to send"
    for (from_type, to_type), n in check.kinds.most_common(_MOST_KINDS):
        yield f"Pairs: {truncate(from_type, 100)} to {truncate(to_type, 100)}: {n:,}"
    if len(check.kinds) > _MOST_KINDS:
        yield f"Pairs: and {len(check.kinds) - _MOST_KINDS:,} more kinds"


def _verdict(verdict: RowVerdict) -> Iterator[str]:
    reason = f" ({verdict.category})" if verdict.status is Status.INVALID else ""
    yield f"  {verdict.rows:,} {verdict.status}{reason}"
    for one in verdict.examples:
        yield f"      line {one.line} (row {one.row}): {one.from_record} -> {one.to_record}: {one.message}"
    if verdict.rows > len(verdict.examples) > 0:
        yield f"      and {verdict.rows - len(verdict.examples):,} more"


def _cost(check: Check) -> Iterator[str]:
    will, online = check.forecast, check.online
    if not will.requests:
        yield "Nothing to send."
        return
    guess = " (a guess until HubSpot is asked: --online)" if will.assumed and online is None else ""
    yield f"{pluralize(will.requests, 'request')} at {will.pace}{guess}: {duration(will.seconds)}"
    if will.daily_limit:
        yield f"{_days(will.requests / will.daily_limit)} of quota ({will.daily_limit:,} requests a day)"
    elif online is None:
        tiers = ", ".join(f"{_days(will.requests / limit)} on {name}" for name, limit in _TIERS)
        yield f"Quota: {tiers}"
    if check.ends_at is not None:
        account = online.account if online else None
        waits = " --wait-for-daily-reset" if _needs_waiting(check) else ""
        yield f"Begun now{waits and f' with{waits}'}, it ends at {format_local_time(check.ends_at, account)}"


def _needs_waiting(check: Check) -> bool:
    remaining = check.forecast.daily_remaining
    return remaining is not None and check.forecast.requests > remaining


def _days(days: float) -> str:
    return "under 0.01 days" if days < 0.01 else f"{days:.2f} days"


def _account(online: Online) -> Iterator[str]:
    account, quota = online.account, online.quota
    if account is not None:
        words = (f"{account.portal_id} ({account.ui_domain})", account.account_type, account.time_zone)
        yield f"Account: {', '.join(word for word in words if word)}"
    if online.limit is not None:
        yield f"Limit: {online.limit} requests per {online.interval:g} s"
    if quota.limit is not None and quota.remaining is not None:
        reset = _reset(quota.resets_at, account)
        yield f"Today: {quota.remaining:,} of {quota.limit:,} requests are left{reset}"
    elif quota.resets_at is None:
        yield "Today: no daily limit is known"


def _reset(resets_at: datetime | None, account: Account | None) -> str:
    return "" if resets_at is None else f"; the limit is reset at {format_local_time(resets_at, account)}"


def _findings(online: Online) -> Iterator[str]:
    for kind in online.kinds:
        name = {None: "not known", "": "none"}.get(kind.default_type, kind.default_type)
        yield f"{kind.from_type} to {kind.to_type}: default association {name}"
        yield from _side(kind.from_ids, kind.from_count, kind.from_type, kind.to_type)
        yield from _side(kind.to_ids, kind.to_count, kind.to_type, kind.from_type)
    for unknown in online.unchecked:
        yield f"Not checked: {unknown}"
    yield "Not checked: whether the token may write; only a write tells. A pilot does: load --limit 1"
    for problem in online.problems:
        yield f"{'PROBLEM' if problem.blocks else 'Warning'}: {problem.message}"
        if problem.hint:
            yield f"  try: {problem.hint}"


def _side(sample: Sample, count: AssociationCount, own_type: str, other_type: str) -> Iterator[str]:
    if sample.found is not None:
        yield f"  {sample.found} of {sample.asked} sampled IDs exist as {own_type}"
    if count.busiest is not None and count.busiest.pairs > 1:
        most = count.limit.most if count.limit else None
        bound = "the limit is not known" if most is None else f"the limit is {most:,}"
        pairs = pluralize(count.busiest.pairs, "pair")
        yield f"  most {other_type} for one of the {own_type}: {pairs} ({count.busiest.record_id}); {bound}"


def _online_json(online: Online) -> dict[str, object]:
    quota = online.quota
    return {
        "account": online.account._asdict() if online.account else None,
        "limit": online.limit,
        "interval": online.interval,
        "daily_limit": quota.limit,
        "daily_remaining": quota.remaining,
        "resets_at": _iso(quota.resets_at),
        "kinds": [_kind_json(kind) for kind in online.kinds],
        "problems": [problem._asdict() for problem in online.problems],
        "unchecked": list(online.unchecked),
    }


def _kind_json(kind: TypePairFindings) -> dict[str, object]:
    return {
        "from_type": kind.from_type,
        "to_type": kind.to_type,
        "default_type": kind.default_type,
        "looks_swapped": kind.looks_swapped,
        "from_sample": kind.from_ids._asdict(),
        "to_sample": kind.to_ids._asdict(),
        "from_count": _crowd_json(kind.from_count),
        "to_count": _crowd_json(kind.to_count),
    }


def _crowd_json(count: AssociationCount) -> dict[str, object]:
    return {
        "limit": count.limit.most if count.limit else None,
        "busiest": count.busiest._asdict() if count.busiest else None,
        "over": count.over,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
