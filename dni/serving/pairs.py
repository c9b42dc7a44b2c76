"""The pairs that people mix: the catalogue's, their own, and those that are loaded."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from pathlib import Path

import torch

from dni.caches import ByteCache
from dni.checkpoints.catalog import Pair, ProgressOf, end_paths
from dni.checkpoints.networks import load_ends
from dni.device import Precision
from dni.rendering.renderer import Renderer
from dni.serving.regions import RenderServiceError

__all__ = ["Pairs", "owner_of_pair"]

# Of ends and live networks that stay loaded; two ends of 16.7 million parameters take 100 MB in bfloat16.
RENDERER_BYTES = 2_000_000_000
# A person's own pairs beyond this: the oldest is forgotten.
MAX_OWN_PAIRS = 4
OWN = "own."


class Pairs:
    """Finds pairs by id and keeps the last used ones loaded.

    Args:
        catalog: What everybody can ask for, by id.
        device: Where networks run.
        cache: Where downloaded ends are kept.
    """

    def __init__(self, catalog: Mapping[str, Pair], *, device: torch.device, cache: Path | None) -> None:
        self.catalog = dict(catalog)
        self.device = device
        self.cache = cache
        self._own: dict[str, Pair] = {}
        self._renderers: ByteCache[tuple[str, Precision], Renderer] = ByteCache(
            RENDERER_BYTES, size_of=renderer_bytes, keeps_newest=True
        )
        self._loading = threading.Lock()

    def hold(self, pair: Pair, *, owner: str) -> str:
        """Keep a person's own pair; the id is the only way to it."""
        pair_id = f"{OWN}{owner}.{secrets.token_urlsafe(12)}"
        self._own[pair_id] = pair
        former = [own_id for own_id in list(self._own) if owner_of_pair(own_id) == owner]
        for own_id in former[:-MAX_OWN_PAIRS]:
            self._forget(own_id)
        return pair_id

    def release(self, owner: str) -> None:
        """Forget a person's own pairs."""
        for own_id in [own_id for own_id in list(self._own) if owner_of_pair(own_id) == owner]:
            self._forget(own_id)

    def pair(self, pair_id: str) -> Pair:
        """The pair of an id.

        Raises:
            RenderServiceError: There is none, or not any more.
        """
        pair = self.catalog.get(pair_id) or self._own.get(pair_id)
        if pair is None and pair_id.startswith(OWN):
            raise RenderServiceError("These networks are no longer held here. Choose their files again.")
        if pair is None:
            known = ", ".join(sorted(self.catalog))
            raise RenderServiceError(f"Expected one of the pairs {known}, but got {pair_id!r}.")
        return pair

    def paths(self, pair_id: str, *, download: ProgressOf | None = None) -> list[Path]:
        """The files of a pair's ends."""
        return end_paths(self.pair(pair_id), progress=download, cache=self.cache)

    def renderer(self, pair_id: str, precision: Precision, *, download: ProgressOf | None = None) -> Renderer:
        """The pair, loaded (and downloaded before, if need be).

        Raises:
            DniError: The pair is unknown, or its files cannot be had or used.
        """
        key = (pair_id, precision)
        loaded = self._renderers.get(key)
        if loaded is not None:
            return loaded
        paths = self.paths(pair_id, download=download)
        with self._loading:
            loaded = self._renderers.get(key)
            if loaded is None:
                network, states = load_ends(paths)
                loaded = Renderer(network, states, device=self.device, precision=precision)
                self._renderers.put(key, loaded)
                if pair_id not in self.catalog and pair_id not in self._own:
                    self._forget(pair_id)  # its owner left meanwhile
            return loaded

    def _forget(self, pair_id: str) -> None:
        self._own.pop(pair_id, None)
        self._renderers.drop(lambda key: key[0] == pair_id)


def owner_of_pair(pair_id: str) -> str | None:
    """Whose pair it is, or None for one of the catalogue. The random part has no dot."""
    return pair_id[len(OWN) :].rpartition(".")[0] if pair_id.startswith(OWN) else None


def renderer_bytes(renderer: Renderer) -> int:
    return renderer.blend.nbytes
