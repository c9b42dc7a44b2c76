"""Lets OpenMP's threads sleep while they wait for each other; has to be imported before torch.

By default they spin, on cores that others could use: beside any other work, the thread that is waited for is
then the one without a core. On two cores with a busy process beside, frames take half of the time
(``benchmarks/waiting.md``). What the person has set stays, and so does what a program has that imported torch
before.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
