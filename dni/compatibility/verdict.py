"""The verdict on whether networks can be blended, with its evidence.

The picture decides: the midpoint test of :mod:`dni.compatibility.midpoint` on a real picture. What is
known of the networks, and how alike their filters are (:mod:`dni.compatibility.correlation`), says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dni.catalog.catalog_file import load_catalog
from dni.catalog.pairs import Pair
from dni.checkpoints.errors import MAX_BYTES
from dni.checkpoints.files import sha256_of
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.networks import load_each, states_of
from dni.checkpoints.probe import execution_order
from dni.checkpoints.sandbox import check_size
from dni.compatibility.correlation import LayerCorrelation, filter_correlation
from dni.compatibility.crop import SECONDS, affordable_crop, middle
from dni.compatibility.explanation import reason_for
from dni.compatibility.incompatibility import find_incompatibility
from dni.compatibility.lineage import lineage_of
from dni.compatibility.midpoint import Midpoint, Quality, midpoint_tests
from dni.examples import EXAMPLE_FOLDER
from dni.pictures.picture import Picture
from dni.pictures.read import open_picture
from dni.rendering.control import RenderControl
from dni.rendering.renderer import Renderer

__all__ = ["Evidence", "NetworkFacts", "Verdict", "inspect_networks"]

EXAMPLE = EXAMPLE_FOLDER / "astronaut.png"


@dataclass(frozen=True)
class NetworkFacts:
    """What one file holds.

    Attributes:
        name: The label to show.
        file: The file's name.
        sha256: The file's hash.
        bytes: The file's size.
        architecture: As spandrel names it, or "RRDBNet" for ours.
        scale: Output pixels for an input pixel, along each side.
        input_channels: 3 for RGB, 1 for grey.
        output_channels: Likewise.
        parameters: How many numbers were trained.
    """

    name: str
    file: str
    sha256: str
    bytes: int
    architecture: str
    scale: int
    input_channels: int
    output_channels: int
    parameters: int


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on.

    Attributes:
        networks: One entry a file.
        same_architecture: Whether they are of one kind and size, so that there is a blend at all.
        differing_names: At most ten tensors that only some networks have, or that differ in shape.
        lineage: What the catalogue or the files say of their descent, or "unknown".
        correlations: Every layer's correlation with the first network, in order of depth.
        midpoints: The tests, the worst first; empty where the networks do not fit.
        picture: The name of the picture the tests were made on; empty where there was none.
        crop: Side of the square in its middle that was rendered, in pixels, where the picture is that large.
    """

    networks: tuple[NetworkFacts, ...]
    same_architecture: bool
    differing_names: tuple[str, ...]
    lineage: str
    correlations: tuple[LayerCorrelation, ...] = ()
    midpoints: tuple[Midpoint, ...] = ()
    picture: str = ""
    crop: int = 0


@dataclass(frozen=True)
class Verdict:
    """Whether networks blend, why, and the evidence."""

    verdict: Quality
    reason: str
    evidence: Evidence

    def to_dict(self) -> dict[str, Any]:
        """Plain values with the keys ``verdict``, ``reason`` and ``evidence``, ready for JSON."""
        return asdict(self)


def inspect_networks(
    paths: Sequence[Path | str],
    *,
    labels: Sequence[str] | None = None,
    picture: Path | str | None = None,
    catalog: Mapping[str, Pair] | None = None,
    max_bytes: int = MAX_BYTES,
    device: torch.device | None = None,
    control: RenderControl | None = None,
    crop: int | None = None,
) -> Verdict:
    """Judge whether networks blend.

    Args:
        paths: Two or more files of weights.
        labels: What to call them; by default as :meth:`dni.catalog.pairs.Pair.from_paths` does.
        picture: A real picture, of which the middle, at most 96x96, is rendered; by default an example.
        catalog: Known pairs, for the lineage; by default :func:`dni.catalog.pairs.load_catalog`.
        max_bytes: The largest file to open.
        device: Where to render; the GPU if there is one.
        control: Progress, notices, cancellation and slots of the midpoint tests' renders.
        crop: Side of the square in the picture's middle to render; by default as much as this machine renders
            in about 10 s, from 48 to 96 (:mod:`dni.compatibility.crop`).

    Raises:
        DniError: A file or the picture cannot be read, or a network not be built; the text names it.
        Cancelled: ``control.cancelled`` was set.
    """
    files = [Path(path) for path in paths]
    names = Pair.from_paths(files, labels).labels
    shown = open_picture(picture or EXAMPLE)
    networks = load_small(files, max_bytes)
    known = known_of(files, names, networks, load_catalog() if catalog is None else catalog)
    states = states_of(networks)
    if found := find_incompatibility(networks, states):
        evidence = replace(known, same_architecture=False, differing_names=found.names)
        return Verdict("does not blend", found.reason, evidence)
    first = replace(networks[0], execution_order=execution_order(networks[0]))
    renderer = Renderer(first, states, precision="float32", device=device)
    return judge(known, renderer, states, shown, crop, control or RenderControl())


def judge(
    known: Evidence,
    renderer: Renderer,
    states: Sequence[Mapping[str, Tensor]],
    picture: Picture,
    crop: int | None,
    control: RenderControl,
) -> Verdict:
    """The verdict on networks of one architecture, by midpoint tests on the picture's middle."""
    correlations = tuple(filter_correlation(states, renderer.network.execution_order))
    crop = crop or affordable_crop(renderer, picture.rgb, SECONDS, control=control)
    tests = tuple(midpoint_tests(renderer, middle(picture.rgb, crop), control=control))
    names = [facts.name for facts in known.networks]
    evidence = replace(known, correlations=correlations, midpoints=tests, picture=picture.name, crop=crop)
    return Verdict(tests[0].quality, reason_for(names, correlations, tests[0]), evidence)


def load_small(files: Sequence[Path], max_bytes: int) -> list[ImageNetwork]:
    """The networks, after a look at the size of each file."""
    for file in files:
        check_size(file, max_bytes)
    return load_each(files)


def known_of(
    files: Sequence[Path], names: Sequence[str], networks: Sequence[ImageNetwork], catalog: Mapping[str, Pair]
) -> Evidence:
    """What is known of networks before they are compared."""
    facts = tuple(facts_of(*each) for each in zip(names, files, networks, strict=True))
    lineage = lineage_of(files, catalog, labels=names)
    return Evidence(facts, same_architecture=True, differing_names=(), lineage=lineage)


def facts_of(name: str, path: Path, network: ImageNetwork) -> NetworkFacts:
    """What one file and the network built from it are."""
    return NetworkFacts(
        name=name,
        file=path.name,
        sha256=sha256_of(path),
        bytes=path.stat().st_size,
        architecture=network.architecture,
        scale=network.scale,
        input_channels=network.input_channels,
        output_channels=network.output_channels,
        parameters=sum(parameter.numel() for parameter in network.module.parameters()),
    )
