"""Slow pictures are decoded one at a time, beside the others, which do not wait for them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from dni.bounded_process import Limits
from dni.pictures.decoding.decode_apart import TooMuchError
from dni.pictures.normalize import PictureError
from dni.pictures.picture import Picture
from dni.serving.scheduling.decoding_turns import MAX_SLOW, QUICK, DecodingTurns
from dni.serving.sessions import Session

DONE = Picture(rgb=torch.zeros(3, 1, 1, dtype=torch.uint8), opacity=None, name="done")


class Decoding:
    """Stands for the processes: pictures named "slow" need longer than the short try, and then a signal."""

    def __init__(self) -> None:
        self.slow, self.most_slow = 0, 0
        self.go_on, self.begun = threading.Event(), threading.Event()

    def __call__(self, path: Path, *, limits: Limits) -> Picture:
        if path.name != "slow":
            return DONE
        if limits == QUICK:
            raise TooMuchError("too slow")
        self.slow += 1
        self.most_slow = max(self.most_slow, self.slow)
        self.begun.set()
        assert self.go_on.wait(30)
        self.slow -= 1
        return DONE


def test_quick_pictures_do_not_wait_for_slow_ones_which_come_singly(ann: Session, bob: Session) -> None:
    decoding = Decoding()
    turns = DecodingTurns(decoding)
    with ThreadPoolExecutor(MAX_SLOW + 1) as pool:
        slow = [pool.submit(turns.open_picture, Path("slow"), ann) for _ in range(MAX_SLOW)]
        assert decoding.begun.wait(30)
        try:
            assert pool.submit(turns.open_picture, Path("quick"), bob).result(30) is DONE
            assert turns.open_picture(Path("quick"), None) is DONE
            while turns._num_slow < MAX_SLOW:
                time.sleep(0.001)
            with pytest.raises(PictureError, match="others are waiting, but slow takes more"):
                turns.open_picture(Path("slow"), bob)
        finally:
            decoding.go_on.set()
        assert [one.result(30) for one in slow] == [DONE] * MAX_SLOW
    assert decoding.most_slow == 1
    assert turns.open_picture(Path("slow"), ann) is DONE


def test_other_faults_are_told_at_once(ann: Session) -> None:
    def refuse(path: Path, *, limits: Limits) -> Picture:
        if limits != QUICK:
            pytest.fail("It was tried again.")
        raise PictureError("no picture")

    with pytest.raises(PictureError, match="no picture"):
        DecodingTurns(refuse).open_picture(Path("text"), ann)
