"""The methods of unsupervised domain adaptation whose networks ship: ids, titles and papers; no training."""

from __future__ import annotations

from dataclasses import dataclass

from dni.errors import DniError, shown

__all__ = ["ANCESTOR", "BEST", "METHODS", "MethodInfo", "method_id"]


@dataclass(frozen=True)
class MethodInfo:
    """What people read of a method.

    Attributes:
        title: Its name and year.
        paper: The address of its paper; empty for the baselines.
    """

    title: str
    paper: str = ""


# In the order of the report.
METHODS = {
    "source_only": MethodInfo("Source only"),
    "dann": MethodInfo("DANN (adversarial, 2016)", "https://arxiv.org/abs/1505.07818"),
    "dann_mmd": MethodInfo("DaNN (MMD, 2014)", "https://arxiv.org/abs/1409.6041"),
    "ddc": MethodInfo("DDC (2014)", "https://arxiv.org/abs/1412.3474"),
    "coral": MethodInfo("Deep CORAL (2016)", "https://arxiv.org/abs/1607.01719"),
    "dan": MethodInfo("DAN (multi-kernel MMD, 2015)", "https://arxiv.org/abs/1502.02791"),
    "adamatch": MethodInfo("AdaMatch with a mean teacher (2022)", "https://arxiv.org/abs/2106.04732"),
    "target_only": MethodInfo("Target labels (upper bound)"),
}
# All others start from this one.
ANCESTOR = "source_only"
# The state-of-the-art row, which "best" stands for.
BEST = "adamatch"


def method_id(name: str) -> str:
    """The id of a method; "best" is the state-of-the-art row.

    Raises:
        DniError: There is no such method.
    """
    name = BEST if name == "best" else name
    if name not in METHODS:
        raise DniError(f"Expected one of the methods {', '.join(METHODS)} or best, but got {shown(name)}.")
    return name
