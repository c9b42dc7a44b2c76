"""Domain-adaptation losses (MMD, CORAL, gradient reversal), as pure functions of feature matrices."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

__all__ = [
    "coral_loss",
    "gaussian_kernel",
    "mean_discrepancy",
    "median_bandwidth",
    "mmd_squared",
    "multi_kernel_mmd",
    "prediction_entropy",
    "reversal_schedule",
    "reverse_gradient",
    "standardise",
]

# DAN's kernels: bandwidths of 1/8 to 4 times the median squared distance.
NARROWEST, NUM_KERNELS = 1 / 8, 6


class _ReverseGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, reversal: float) -> Tensor:
        ctx.reversal = reversal
        return x.view_as(x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return -ctx.reversal * gradient, None


def reverse_gradient(x: Tensor, reversal: float) -> Tensor:
    """The identity forwards; backwards the gradient times ``-reversal``.

    Ganin & Lempitsky, ICML 2015, https://arxiv.org/abs/1409.7495. What comes after it (the domain classifier)
    trains at full strength, whatever ``reversal`` is.
    """
    result: Tensor = _ReverseGradient.apply(x, reversal)
    return result


def reversal_schedule(progress: float) -> float:
    """DANN's 2 / (1 + exp(-10 p)) - 1 for ``progress`` p from 0 to 1: rises from 0 to almost 1."""
    return float(2 / (1 + torch.tensor(-10.0 * progress, dtype=torch.float64).exp()) - 1)


def check_features(source: Tensor, target: Tensor) -> None:
    if source.ndim != 2 or target.ndim != 2 or source.shape[1] != target.shape[1]:
        raise ValueError(
            "Expected feature matrices (n, d) and (m, d), "
            f"but got {tuple(source.shape)} and {tuple(target.shape)}."
        )
    if min(len(source), len(target)) < 2:
        raise ValueError(
            f"Expected at least two rows in each domain, but got {len(source)} and {len(target)}."
        )


def gaussian_kernel(x: Tensor, y: Tensor, bandwidth: Tensor | float) -> Tensor:
    """exp(-|x_i - y_j|^2 / (2 bandwidth^2)) of the rows of (n, d) and (m, d), as (n, m)."""
    return torch.exp(-squared_distances(x, y) / (2 * bandwidth**2))


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    # Not cdist: its gradient at equal rows is not finite.
    lengths = x.square().sum(dim=1)[:, None] + y.square().sum(dim=1)[None]
    with without_autocast(x):
        return (lengths - 2 * x @ y.T).clamp_min(0)


def without_autocast(x: Tensor) -> torch.autocast:
    """Autocast would make the products bfloat16, which errs by more than the domains differ."""
    return torch.autocast(x.device.type, enabled=False)


def median_bandwidth(x: Tensor) -> Tensor:
    """The median heuristic: the median distance between different rows of (n, d); a scalar without gradient.

    Gretton et al., "A Kernel Two-Sample Test", JMLR 2012.
    """
    with torch.no_grad():
        rows, columns = torch.triu_indices(len(x), len(x), offset=1, device=x.device)
        return squared_distances(x, x)[rows, columns].median().sqrt().clamp_min(1e-6)


def mmd_squared(source: Tensor, target: Tensor, *, bandwidth: Tensor | float | None = None) -> Tensor:
    """Squared maximum mean discrepancy under a Gaussian kernel, the biased estimate (never negative).

    Gretton et al., JMLR 2012. Mean of k(s, s') + mean of k(t, t') - 2 mean of k(s, t).

    Args:
        source: (n, d), floating point.
        target: (m, d).
        bandwidth: Of the kernel; by default the median heuristic over both domains together.

    Raises:
        ValueError: The shapes do not fit, or a domain has fewer than two rows.
    """
    check_features(source, target)
    source, target = source.float(), target.float()
    if bandwidth is None:
        bandwidth = median_bandwidth(torch.cat((source, target)))
    within = (
        gaussian_kernel(source, source, bandwidth).mean() + gaussian_kernel(target, target, bandwidth).mean()
    )
    return within - 2 * gaussian_kernel(source, target, bandwidth).mean()


def multi_kernel_mmd(source: Tensor, target: Tensor) -> Tensor:
    """Squared MMD under the mean of six Gaussian kernels, the biased estimate (never negative); a scalar.

    Long et al., "Learning Transferable Features with Deep Adaptation Networks", ICML 2015,
    https://arxiv.org/abs/1502.02791. The kernels are exp(-|x - y|^2 / b) with b from 1/8 to 4 times the
    median squared distance between different rows of both domains, each twice the one before. We deviate: the
    paper learns the kernels' weights, here they are equal; its estimate is linear in the batch, ours is not.

    Args:
        source: (n, d), floating point.
        target: (m, d).

    Raises:
        ValueError: The shapes do not fit, or a domain has fewer than two rows.
    """
    check_features(source, target)
    size, together = len(source), torch.cat((source, target)).float()
    distances = squared_distances(together, together)
    with torch.no_grad():
        count = len(together)
        rows, columns = torch.triu_indices(count, count, offset=1, device=distances.device)
        median = distances[rows, columns].median().clamp_min(1e-12)
    kernel = torch.exp(-distances / (NARROWEST * 2 ** (NUM_KERNELS - 1) * median))
    kernels = kernel
    for _ in range(NUM_KERNELS - 1):
        kernel = kernel.square()  # half the bandwidth
        kernels = kernels + kernel
    within = kernels[:size, :size].mean() + kernels[size:, size:].mean()
    return (within - 2 * kernels[:size, size:].mean()) / NUM_KERNELS


def standardise(source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both domains less their common mean, over the root mean square of all that is left; float32.

    The gradient goes through the scale, so a network cannot lower a distance by shrinking its activations.
    One scale serves all units, so that none counts for more than before.

    Raises:
        ValueError: The shapes do not fit, or a domain has fewer than two rows.
    """
    check_features(source, target)
    together = torch.cat((source, target)).float()
    centred = together - together.mean(dim=0)
    scaled = centred / centred.square().mean().clamp_min(1e-12).sqrt()
    return scaled[: len(source)], scaled[len(source) :]


def mean_discrepancy(source: Tensor, target: Tensor) -> Tensor:
    """Squared distance of the mean rows of (n, d) and (m, d): the squared MMD under a linear kernel.

    Tzeng et al., "Deep Domain Confusion", 2014, https://arxiv.org/abs/1412.3474, equation 1.

    Raises:
        ValueError: The shapes do not fit, or a domain has fewer than two rows.
    """
    check_features(source, target)
    return (source.float().mean(dim=0) - target.float().mean(dim=0)).square().sum()


def coral_loss(source: Tensor, target: Tensor) -> Tensor:
    """|C_s - C_t|_F^2 / (4 d^2) of the covariances of (n, d) and (m, d) features; a scalar.

    Sun & Saenko, "Deep CORAL", ECCV Workshops 2016, https://arxiv.org/abs/1607.01719.

    Raises:
        ValueError: The shapes do not fit, or a domain has fewer than two rows.
    """
    check_features(source, target)
    with without_autocast(source):
        difference = torch.cov(source.float().T) - torch.cov(target.float().T)
    return difference.square().sum() / (4 * source.shape[1] ** 2)


def prediction_entropy(logits: Tensor) -> Tensor:
    """Mean Shannon entropy, in nats, of the predictions of logits (B, K); a scalar."""
    return -(functional.softmax(logits, dim=1) * functional.log_softmax(logits, dim=1)).sum(dim=1).mean()
