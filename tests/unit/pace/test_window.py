"""Which of our requests the server may still count."""

from __future__ import annotations

from math import inf

from loader.pace.window import Window


def test_a_slot_is_held_until_one_interval_after_the_answer() -> None:
    window = Window(10.0, jitter=0.025)
    window.start(1, 0.0)
    assert window.held(100.0) == 1  # still no answer
    window.end(1, 100.0)
    assert window.held(110.0) == 1  # clocks differ
    assert window.held(110.1) == 0


def test_a_sent_request_counts_for_one_interval_and_the_jitter() -> None:
    window = Window(10.0, jitter=0.025)
    assert [window.start(1, 0.0), window.start(2, 1.0)] == [1, 2]
    assert window.sent(10.02) == 2
    assert window.sent(10.03) == 1


def test_it_says_when_to_look_again() -> None:
    window = Window(10.0, jitter=0.025)
    assert window.full_until(0.0, by_answer=2, by_send=0) is None
    window.start(1, 0.0)
    window.start(2, 1.0)
    assert window.full_until(1.0, by_answer=2, by_send=0) == inf  # until a request ends
    assert window.full_until(1.0, by_answer=2, by_send=2) == 10.025
    assert window.full_until(1.0, by_answer=2, by_send=3) is None
    window.end(1, 1.5)
    wake = window.full_until(1.5, by_answer=2, by_send=0)
    assert wake is not None
    assert 11.5 < wake < 11.6
    assert window.full_until(wake, by_answer=2, by_send=0) is None


def test_a_release_leaves_no_trace() -> None:
    window = Window(10.0, jitter=0.025)
    window.start(1, 0.0)
    window.start(2, 1.0)
    window.release(2)
    assert (window.held(1.0), window.sent(1.0)) == (1, 1)
    window.release(1)
    assert (window.held(1.0), window.sent(1.0), window.oldest) == (0, 0, -inf)


def test_a_release_after_the_interval_has_nothing_left_to_remove() -> None:
    window = Window(10.0, jitter=0.025)
    window.start(1, 0.0)
    assert window.sent(20.0) == 0
    window.release(1)
    assert window.held(20.0) == 0


def test_a_changed_interval_applies_to_old_entries() -> None:
    window = Window(10.0, jitter=0.0)
    window.start(1, 0.0)
    window.end(1, 0.0)
    window.interval = 20.0
    assert (window.held(15.0), window.sent(15.0)) == (1, 1)
