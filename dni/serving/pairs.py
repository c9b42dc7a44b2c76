"""The pairs that can be rendered (the catalogue's and sessions' own), and the loaded renderers."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from weakref import WeakValueDictionary

import torch

from dni.caches import ByteCache
from dni.catalog.pairs import Pair, ProgressOf, end_paths
from dni.checkpoints.networks import load_ends
from dni.device import Precision
from dni.errors import shown
from dni.rendering.measuring.surroundings import Surroundings
from dni.rendering.renderer import Renderer
from dni.serving.network_trial import measure_apart
from dni.serving.pictures import EVERYBODY, Held
from dni.serving.regions import RenderServiceError
from dni.serving.sessions import Session

__all__ = ["MAX_OWN_PAIRS", "Pairs", "new_pair_id"]

# Of ends and live networks that stay loaded; two ends of 16.7 million parameters take 100 MB in bfloat16.
RENDERER_BYTES = 1_200_000_000
# A person's own pairs beyond this: the oldest is forgotten.
MAX_OWN_PAIRS = 4
# Of a network of convolutions that is measured where frames are rendered.
FEW_PARAMETERS = 250_000
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
        self._own: dict[Held, Pair] = {}
        self._renderers: ByteCache[tuple[Held, Precision, bool], Renderer] = ByteCache(
            RENDERER_BYTES, size_of=renderer_bytes, keeps_newest=True
        )
        self._measured: dict[Held, Surroundings | None] = {}
        self._guard = threading.Lock()
        self._loading: WeakValueDictionary[Held, threading.Lock] = WeakValueDictionary()
        # Of strangers' networks one pair is loaded at a time; nobody waits for them but who brought others.
        self._loading_own = threading.Lock()

    def hold(self, pair: Pair, session: Session, pair_id: str | None = None) -> str:
        """Keep a session's own pair; its id, by default a new one, is of use to that session only."""
        pair_id = pair_id or new_pair_id()
        self._own[session.key, pair_id] = pair
        for former in self._held_by(session)[:-MAX_OWN_PAIRS]:
            self._forget(former)
        return pair_id

    def release(self, session: Session) -> None:
        """Forget a session's own pairs."""
        for key in self._held_by(session):
            self._forget(key)

    def key(self, pair_id: str, session: Session | None) -> Held:
        """What tells the pair of this id from all others."""
        return (EVERYBODY if session is None or pair_id in self.catalog else session.key), pair_id

    def pair(self, pair_id: str, session: Session | None) -> Pair:
        """The pair of an id: of the catalogue, or one of the session's own.

        Raises:
            RenderServiceError: There is none, or not any more.
        """
        pair = self.catalog.get(pair_id) or self._own.get(self.key(pair_id, session))
        if pair is None and pair_id.startswith(OWN):
            raise RenderServiceError("These networks are no longer held here. Choose their files again.")
        if pair is None:
            known = ", ".join(sorted(self.catalog))
            raise RenderServiceError(f"Expected one of the pairs {known}, but got {shown(pair_id)}.")
        return pair

    def paths(
        self, pair_id: str, session: Session | None, *, download: ProgressOf | None = None
    ) -> list[Path]:
        """The files of a pair's ends."""
        return end_paths(self.pair(pair_id, session), progress=download, cache=self.cache)

    def renderer(
        self,
        pair_id: str,
        session: Session | None,
        precision: Precision,
        *,
        for_export: bool = False,
        download: ProgressOf | None = None,
    ) -> Renderer:
        """The pair, loaded (and downloaded before, if need be).

        Args:
            pair_id, session: Which pair, and who asks.
            precision: What it computes in.
            for_export: A network of its own, that no frame is rendered by: it may be left half-way.
            download: Progress of downloading.

        Raises:
            DniError: The pair is unknown, or its files cannot be had or used.
        """
        pair_key = self.key(pair_id, session)
        key = (pair_key, precision, for_export)
        loaded = self._renderers.get(key)
        if loaded is not None:
            return loaded
        paths = self.paths(pair_id, session, download=download)
        alone = nullcontext() if pair_id in self.catalog else self._loading_own
        with self._lock_of(pair_key), alone:
            loaded = self._renderers.get(key)
            if loaded is None:
                network, states = load_ends(paths)
                loaded = Renderer(network, states, device=self.device, precision=precision)
                if pair_id not in self.catalog and not is_quickly_measured(loaded):
                    if pair_key not in self._measured:
                        self._measured[pair_key] = measure_apart(paths)
                    loaded.adopt(self._measured[pair_key])
                self._renderers.put(key, loaded)
                if pair_id not in self.catalog and pair_key not in self._own:
                    self._forget(pair_key)  # its session ended meanwhile
            return loaded

    def _lock_of(self, pair_key: Held) -> threading.Lock:
        with self._guard:
            return self._loading.setdefault(pair_key, threading.Lock())

    def _held_by(self, session: Session) -> list[Held]:
        return [key for key in list(self._own) if key[0] == session.key]

    def _forget(self, pair_key: Held) -> None:
        self._own.pop(pair_key, None)
        self._measured.pop(pair_key, None)
        self._renderers.drop(lambda key: key[0] == pair_key)


def new_pair_id() -> str:
    """An id for a session's own pair."""
    return f"{OWN}{secrets.token_urlsafe(16)}"


def is_quickly_measured(renderer: Renderer) -> bool:
    """Whether measuring at first use takes some seconds at most, whatever the layers do."""
    parameters = sum(parameter.numel() for parameter in renderer.network.module.parameters())
    return renderer.is_local and parameters <= FEW_PARAMETERS


def renderer_bytes(renderer: Renderer) -> int:
    return renderer.blend.nbytes
