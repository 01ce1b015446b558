"""Pauses: after 429s, and because somebody asks for one."""

from __future__ import annotations

import pytest

from loader.pace.pause import Pause


def test_a_burst_of_429s_pauses_once() -> None:
    told: list[str] = []
    pause = Pause(lambda event, _details: told.append(event))
    assert pause.throttled(10.0, sent=9.5, retry_after=None, interval=10.0)
    assert not any(
        pause.throttled(10.0 + i / 10, sent=9.9, retry_after=None, interval=10.0) for i in range(5)
    )
    assert (pause.until, pause.reason) == (11.0, "throttled")
    assert told == ["pause"]


def test_pauses_double_up_to_the_interval_while_they_do_not_help() -> None:
    pause, now, pauses = Pause(None), 0.0, []
    for helped in (False, False, False, False, False, True, False):
        sent = now
        now += 0.1
        if helped:
            pause.answered(sent)
        else:
            pause.throttled(now, sent, None, interval=10.0)
            pauses.append(round(pause.left(now), 6))
            now = pause.until + 0.1
    assert pauses == [1.0, 2.0, 4.0, 8.0, 10.0, 1.0]


def test_a_good_answer_to_an_earlier_request_proves_nothing() -> None:
    pause = Pause(None)
    pause.throttled(1.0, 0.5, None, 10.0)
    pause.answered(0.9)
    pause.throttled(3.0, 2.5, None, 10.0)
    assert pause.left(3.0) == 2.0


@pytest.mark.parametrize(("asked", "made"), [(7.0, 7.0), (0.0, 1.0), (-5.0, 1.0), (86_400.0, 300.0)])
def test_retry_after_decides_within_bounds(asked: float, made: float) -> None:
    pause = Pause(None)
    pause.throttled(1.0, 0.5, asked, 10.0)
    assert pause.left(1.0) == made


@pytest.mark.parametrize("asked", [None, 0.0, 1.0])
def test_retry_after_does_not_shorten_pauses_that_grow(asked: float | None) -> None:
    pause, made = Pause(None), []
    for burst in range(5):
        pause.throttled(100.0 * burst + 1, 100.0 * burst, asked, 10.0)
        made.append(pause.left(100.0 * burst + 1))
    assert made == [1.0, 2.0, 4.0, 8.0, 10.0]


def test_retry_after_counts_later_in_a_burst_too() -> None:
    pause = Pause(None)
    pause.throttled(1.0, 0.5, None, 10.0)
    assert not pause.throttled(1.1, 0.6, 20.0, 10.0)
    assert pause.left(1.1) == 20.0


def test_a_pause_is_never_shortened() -> None:
    pause = Pause(None)
    pause.begin(0.0, 20.0, "moving")
    pause.begin(0.0, 1.0, "outage")
    pause.begin(0.0, -1.0, "nonsense")
    assert (pause.until, pause.reason) == (20.0, "moving")
