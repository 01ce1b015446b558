"""What `check` says: for a terminal, and as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from loader.commands.check import CheckResult, RowVerdict
from loader.commands.forecast import connected, cost, type_pair_words
from loader.commands.online_check import Online
from loader.commands.online_findings import AssociationCount, Sample, TypePairFindings
from loader.engine.daily_quota import format_local_time
from loader.hubspot.account import Account
from loader.model import Status
from loader.summary import cause_of
from loader.summary.terminal import Line, wrap
from loader.text import escape_controls, pluralize, shown_path

#: API calls per day of each tier (HubSpot's usage guidelines), for a check that did not ask the account.
_TIERS = (("Free and Starter", 250_000), ("Professional", 625_000), ("Enterprise", 1_000_000))
#: Smaller shares of a day are shown as "under 1 %", shorter loads (seconds) without an end.
_FEW, _SOON = 0.01, 60.0


def as_lines(check: CheckResult, width: int) -> list[Line]:
    """The check for a terminal."""
    lines = [*_input(check, width), *_cost(check, width)]
    if check.online is not None:
        lines += [Line(""), *_online(check.online, width)]
    return lines


def as_dict(check: CheckResult) -> dict[str, object]:
    """The check as plain values; times are ISO 8601 in UTC, durations in seconds, unknown values null."""
    will = check.forecast
    return {
        "input": check.input,
        "columns": check.columns,
        "report": str(check.files.report) if check.files else None,
        "checkpoint": str(check.files.checkpoint) if check.files else None,
        "exit_code": check.exit_code,
        "rows": check.rows,
        "pairs": check.pairs,
        "settled": check.settled,
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
        "kinds": [{"from_type": a, "to_type": b, "rows": n} for (a, b), n in check.type_pairs.most_common()],
        "requests": will.requests,
        "requests_per_second": round(will.per_second, 3),
        "pace_is_a_guess": will.assumed,
        "seconds": round(will.seconds, 1),
        "days_of_quota": None if will.days_of_quota is None else round(will.days_of_quota, 4),
        "ends_at": _iso(check.ends_at),
        "online": None if check.online is None else _online_as_dict(check.online),
    }


def _input(check: CheckResult, width: int) -> Iterator[Line]:
    clean = not any(verdict.status is Status.INVALID for verdict in check.verdicts)
    counts = f"{pluralize(check.rows, 'row')}, {pluralize(check.to_send, 'pair')} to send"
    yield Line(escape_controls(f"{shown_path(check.input)}: {counts}"), "good" if clean else "warn")
    yield from wrap(check.columns, width, "  ")
    for words in type_pair_words(check.type_pairs):
        yield from wrap(words, width, "  ")
    if check.settled and check.files is not None:
        settled = f"{check.settled:,} settled by earlier runs"
        yield from wrap(f"{settled}: {shown_path(str(check.files.checkpoint))}", width, "  ")
    if check.blank_rows:
        yield Line(f"  {pluralize(check.blank_rows, 'blank row')} ignored")
    for verdict in check.verdicts:
        yield from _verdict(verdict, width)


def _verdict(verdict: RowVerdict, width: int) -> Iterator[Line]:
    cause = cause_of(verdict.status, error_category=verdict.category)
    yield Line(f"  {verdict.rows:,} {verdict.status}: {cause.title}", "strong")
    for one in verdict.examples:
        place = f"line {one.line} (row {one.row})"
        yield from wrap(f"{place}: {one.from_record} → {one.to_record}: {one.message}", width, "    ")
    if verdict.rows > len(verdict.examples) > 0:
        yield Line(f"    and {verdict.rows - len(verdict.examples):,} more", "quiet")


def _cost(check: CheckResult, width: int) -> Iterator[Line]:
    will, online = check.forecast, check.online
    for words in cost(will, online.account if online else None):
        yield from wrap(words, width)
    if not will.requests:
        return
    if online is None and not will.daily_limit:
        shares = [f"{_share(will.requests / limit)} on {name}" for name, limit in _TIERS]
        if will.requests < _FEW * _TIERS[0][1]:
            shares = ["under 1 % on every tier"]
        yield from wrap(f"Share of a day's API calls: {', '.join(shares)} (--online asks the account)", width)
    if check.ends_at is not None and will.seconds > _SOON:
        account = online.account if online else None
        waits = ", with --wait-for-daily-reset" if _needs_waiting(check) else ""
        yield from wrap(
            f"If started now{waits}, it ends at {format_local_time(check.ends_at, account)}", width
        )


def _needs_waiting(check: CheckResult) -> bool:
    remaining = check.forecast.daily_remaining
    return remaining is not None and check.forecast.requests > remaining


def _share(days: float) -> str:
    return "under 1 %" if days < _FEW else f"{100 * days:.0f} %" if days <= 1 else f"{days:.1f} days"


def _online(online: Online, width: int) -> Iterator[Line]:
    account, quota = online.account, online.quota
    words = [connected(account, simulated=False)]
    if account is not None:
        words += [word for word in (account.account_type, account.time_zone) if word]
    yield from wrap(", ".join(words), width)
    if online.limit is not None:
        yield from wrap(f"Limit: {online.limit} requests per {online.interval:g} s", width)
    if quota.limit is not None and quota.remaining is not None:
        left = f"{quota.remaining:,} of {quota.limit:,} API calls are left"
        yield from wrap(f"Today: {left}{_reset(quota.resets_at, account)}", width)
    elif quota.resets_at is None:
        yield from wrap("Today: no daily limit is known", width)
    yield from _findings(online, width)


def _reset(resets_at: datetime | None, account: Account | None) -> str:
    return "" if resets_at is None else f"; the limit is reset at {format_local_time(resets_at, account)}"


def _findings(online: Online, width: int) -> Iterator[Line]:
    for kind in online.kinds:
        name = {None: "not known", "": "none"}.get(kind.default_type, kind.default_type)
        yield from wrap(f"{kind.from_type} → {kind.to_type}: default association {name}", width)
        for words in _sides(kind):
            yield from wrap(words, width, "  ")
    for unknown in online.unchecked:
        yield from wrap(f"Not checked: {unknown}", width, style="quiet")
    write = "whether the token can write; to find out, load one pair: load --limit 1"
    yield from wrap(f"Not checked: {write}", width, style="quiet")
    for problem in online.problems:
        label, style = ("PROBLEM", "bad") if problem.blocks else ("Warning", "warn")
        yield from wrap(f"{label}: {problem.message}", width, style=style)
        yield from wrap(problem.hint, width, "  ")


def _sides(kind: TypePairFindings) -> Iterable[str]:
    yield from _side(kind.from_ids, kind.from_count, kind.from_type, kind.to_type)
    yield from _side(kind.to_ids, kind.to_count, kind.to_type, kind.from_type)


def _side(sample: Sample, count: AssociationCount, own_type: str, other_type: str) -> Iterator[str]:
    if sample.found is not None:
        yield f"{sample.found} of {sample.asked} sampled IDs exist as {own_type}"
    if count.busiest is not None and count.busiest.pairs > 1:
        most = count.limit.most if count.limit else None
        bound = "the limit is not known" if most is None else f"the limit is {most:,}"
        pairs = pluralize(count.busiest.pairs, "pair")
        yield f"most {other_type} of one record: {pairs} ({count.busiest.record_id}); {bound}"


def _online_as_dict(online: Online) -> dict[str, object]:
    quota = online.quota
    return {
        "account": online.account._asdict() if online.account else None,
        "limit": online.limit,
        "interval": online.interval,
        "daily_limit": quota.limit,
        "daily_remaining": quota.remaining,
        "resets_at": _iso(quota.resets_at),
        "kinds": [_kind_as_dict(kind) for kind in online.kinds],
        "problems": [problem._asdict() for problem in online.problems],
        "unchecked": list(online.unchecked),
    }


def _kind_as_dict(kind: TypePairFindings) -> dict[str, object]:
    return {
        "from_type": kind.from_type,
        "to_type": kind.to_type,
        "default_type": kind.default_type,
        "looks_swapped": kind.looks_swapped,
        "from_sample": kind.from_ids._asdict(),
        "to_sample": kind.to_ids._asdict(),
        "from_count": _count_as_dict(kind.from_count),
        "to_count": _count_as_dict(kind.to_count),
    }


def _count_as_dict(count: AssociationCount) -> dict[str, object]:
    return {
        "limit": count.limit.most if count.limit else None,
        "busiest": count.busiest._asdict() if count.busiest else None,
        "over": count.over,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
