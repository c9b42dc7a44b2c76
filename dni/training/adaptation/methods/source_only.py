"""Source-only: what grey MNIST alone teaches; the common ancestor of all the others."""

from __future__ import annotations

from dni.training.adaptation.methods.base import Batch, Losses, Method, classify

__all__ = ["SourceOnly"]


class SourceOnly(Method):
    """Cross-entropy on labelled source digits; the target is not looked at."""

    id = "source_only"

    def losses(self, batch: Batch, progress: float) -> Losses:
        return {"classify": classify(self.network(batch.source), batch.labels)}
