"""Lets OpenMP's threads wait for each other only briefly awake; has to be imported before torch.

By default GNU's spin for a millisecond, on cores that others could use: beside other work, the thread that is
waited for is then the one without a core, and frames take twice as long. Those that sleep at once are slower
where there is nothing else to do (``benchmarks/waiting.md``). What the person has set stays, and so does what
a program has that imported torch before.
"""

from __future__ import annotations

import os

# Turns of a loop: some microseconds, in place of 300,000.
SPINS = "1000"

if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
