"""What the answers say about other integrations, and about the way of our own requests."""

from __future__ import annotations

from random import Random

from loader.pace.foreign_usage import ForeignUsage, RemainingSemantics

_SPACING = 10.0 / 190


def _answers(usage: ForeignUsage, excesses: list[int], *, start: float = 0.0, latency: float = 0.1) -> float:
    """Answers at the full pace, each with so much excess; returns the time of the last."""
    now = start
    for excess in excesses:
        now += _SPACING
        usage.learn(now, 190 - 100 - excess, (100, 100), latency)
    return now


def test_the_median_leaves_stray_answers_alone() -> None:
    usage = ForeignUsage(190, 10.0)
    _answers(usage, [20, 20, 60, 20, 20, -80, 20, 20])
    assert (usage.median_excess, usage.max_excess, usage.in_use) == (20, 60, 20)


def test_nobody_else_is_never_less_than_nobody() -> None:
    usage = ForeignUsage(190, 10.0)
    assert (usage.median_excess, usage.max_excess) == (0, 0)
    _answers(usage, [-5, -7, -3])
    assert (usage.median_excess, usage.max_excess, usage.in_use) == (0, 0, 0)


def test_the_maximum_lasts_for_one_interval() -> None:
    usage = ForeignUsage(190, 10.0)
    now = _answers(usage, [60, 5])
    _answers(usage, [4], start=now + 9.9)
    assert usage.max_excess == 5  # 60 was seen more than ten seconds ago
    _answers(usage, [3], start=now + 20.0)
    assert usage.max_excess == 3


def test_answers_that_tell_of_the_past_count_with_the_most_of_the_interval() -> None:
    usage = ForeignUsage(190, 10.0)
    _answers(usage, [60, 20, 20, 20, 20], latency=3.0)
    assert usage.in_use == 60


def test_send_times_are_reliable_after_enough_answers_without_jitter() -> None:
    usage = ForeignUsage(190, 10.0)
    now = _answers(usage, [0, 1] * 24)
    assert not usage.send_times_reliable(now)
    now = _answers(usage, [0] * 10, start=now)
    assert usage.send_times_reliable(now)


def test_jitter_makes_send_times_unreliable_for_some_intervals() -> None:
    usage = ForeignUsage(190, 10.0)
    now = _answers(usage, [0] * 100 + [3] + [0] * 10)
    assert not usage.send_times_reliable(now)
    assert not usage.send_times_reliable(now + 29.0)
    assert usage.send_times_reliable(now + 31.0)


def test_a_slow_pace_is_too_coarse_to_tell_of_jitter() -> None:
    usage = ForeignUsage(90, 10.0)
    for answer in range(200):
        usage.learn(answer / 9, 0, (90, 90), 0.1)
    assert not usage.send_times_reliable(200 / 9)


def test_requests_in_flight_are_told_from_foreign_usage_whenever_the_server_looks() -> None:
    random = Random(1)
    for server_looks_at_answer in (False, True):
        semantics = RemainingSemantics()
        for _ in range(300):
            in_flight = random.randrange(8, 30)
            excess = semantics.excess(
                *((30 + in_flight, 30) if server_looks_at_answer else (30, 30 - in_flight))
            )
        assert semantics.at_answer is server_looks_at_answer
        assert excess == 30


def test_below_zero_the_guess_was_wrong() -> None:
    semantics = RemainingSemantics()
    random = Random(1)
    for _ in range(200):
        semantics.excess(20 + random.randrange(10), 0)
    assert semantics.at_answer
    for _ in range(100):
        semantics.excess(0, -20)
    assert not semantics.at_answer
