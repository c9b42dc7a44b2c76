"""Independent judges: distances on networks that no training here has seen.

A network that was trained to be near by one measure is near by that measure: it says little about what a
person sees. So every table has columns of measures that were in no loss: ours, a DISTS-like distance on
EfficientNet-Lite1 (:mod:`dni.metrics.dists`), and torchmetrics' LPIPS and DISTS where their weights can be
had.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from dni.metrics.dists import dists_distance, load_efficientnet_lite

__all__ = ["JUDGES", "Judges", "load_judges"]

JUDGES = {
    "dists_like": "DISTS-like (EfficientNet-Lite1)",
    "lpips": "LPIPS (AlexNet)",
    "dists": "DISTS (VGG16)",
}

Distance = Callable[[Tensor, Tensor], float]


@dataclass(frozen=True)
class Judges:
    """Those that can judge here, by their names in :data:`JUDGES`, and why the others cannot.

    Attributes:
        distances: Of an output and its reference, both float32 (1, 3, H, W), RGB in [0, 1], at least 64x64;
            lower is nearer.
        absent: The reason, one line each.
    """

    distances: Mapping[str, Distance] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    def measure(self, output: Tensor, reference: Tensor) -> dict[str, float]:
        """What each of them says."""
        with torch.inference_mode():
            return {name: distance(output, reference) for name, distance in self.distances.items()}


def load_judges() -> Judges:
    """All judges that can be had: weights from installed packages, or downloaded by torchvision."""
    distances: dict[str, Distance] = {}
    absent: dict[str, str] = {}
    for name, load in LOADERS.items():
        try:
            distances[name] = load()
        except (OSError, RuntimeError, ImportError) as error:  # no such package, or no network
            absent[name] = (str(error).splitlines() or [type(error).__name__])[0]
    return Judges(distances, absent)


def load_dists_like() -> Distance:
    extractor = load_efficientnet_lite()
    return lambda output, reference: float(dists_distance(extractor, output, reference))


def load_lpips() -> Distance:
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    metric = LearnedPerceptualImagePatchSimilarity("alex", normalize=True).eval()
    return lambda output, reference: float(metric(output, reference))


def load_dists() -> Distance:
    from torchmetrics.functional.image.dists import DISTSNetwork

    network = DISTSNetwork().eval().requires_grad_(False)
    return lambda output, reference: float(network(output, reference))


LOADERS: Mapping[str, Callable[[], Distance]] = {
    "dists_like": load_dists_like,
    "lpips": load_lpips,
    "dists": load_dists,
}
