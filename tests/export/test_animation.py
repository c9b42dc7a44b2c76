"""How films run; what is in the files is in ``test_sweep.py``."""

from __future__ import annotations

import pytest
from cases import case

from dni.errors import DniError
from dni.export.sweeps.animation import Playback


def test_there_and_back_is_symmetric_without_doubled_ends() -> None:
    for count in [2, 3, 7]:
        with case(count):
            order = Playback(there_and_back=True).order(count)
            assert order[:count] == list(range(count))
            assert order[1:] == order[:0:-1]
            assert all(a != b for a, b in zip(order, [*order[1:], order[0]], strict=True))
            assert (order.count(0), order.count(count - 1)) == (1, 1)
            assert Playback().order(count) == list(range(count))


def test_ends_are_held() -> None:
    playback = Playback(fps=4, hold=1.5, there_and_back=True)
    assert playback.seconds(3) == [1.75, 0.25, 1.75, 0.25]


def test_playback_out_of_bounds() -> None:
    for values, text in [
        ({"fps": 0}, "Expected 0.5 to 50 frames a second, but got 0"),
        ({"fps": float("nan")}, "but got nan"),
        ({"hold": -1}, "hold the ends for 0 to 60 seconds, but got -1"),
    ]:
        with case(values), pytest.raises(DniError, match=text):
            Playback(**values)  # type: ignore[arg-type]
