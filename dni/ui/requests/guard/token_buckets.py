"""How much each address may use in a short time, and for how long it has to wait where it used more."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

__all__ = ["TokenBuckets"]

REMEMBERED_ADDRESSES = 4096


class TokenBuckets:
    """A bucket of tokens for each address: so many at once, and so many a second from then on.

    Args:
        most: Tokens of a full bucket.
        per_second: Tokens that come back.
        clock: Seconds that only rise.
    """

    def __init__(self, most: float, per_second: float, clock: Callable[[], float]) -> None:
        self._most, self._per_second, self._clock = most, per_second, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str, count: float) -> bool:
        """Take tokens; False, and nothing is taken, if there are too few."""
        left = self._refilled(address)
        is_enough = left >= count
        self._keep(address, left - count if is_enough else left)
        return is_enough

    def owe(self, address: str, longest: float) -> float:
        """Take a token, on credit if none is left: seconds until it is there, at most ``longest``."""
        left = max(self._refilled(address) - 1, -longest * self._per_second)
        self._keep(address, left)
        return max(0.0, -left / self._per_second)

    def _refilled(self, address: str) -> float:
        left, then = self._left.pop(address, (float(self._most), self._clock()))
        return min(self._most, left + (self._clock() - then) * self._per_second)

    def _keep(self, address: str, left: float) -> None:
        self._left[address] = left, self._clock()
        while len(self._left) > REMEMBERED_ADDRESSES:
            self._left.popitem(last=False)
