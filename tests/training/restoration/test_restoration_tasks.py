"""What each end is trained on: inputs and targets made from the same patches."""

from __future__ import annotations

import numpy as np
import torch
from cases import case
from PIL import Image
from torch import Tensor

from dni.pictures.picture import to_tensor
from dni.training.restoration.config import PRESETS
from dni.training.restoration.data.degradations import degrade
from dni.training.restoration.data.flatten import flatten
from dni.training.restoration.data.patches import PatchSampler, downscale_pair, example
from dni.training.restoration.data.tasks import TASKS, Task

AS_THEY_ARE = Task()


def photograph(seed: int, height: int = 100, width: int = 124) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def sampler(task: Task = AS_THEY_ARE, *, batch_size: int = 4) -> PatchSampler:
    photographs = [photograph(0), photograph(1)]
    return PatchSampler(photographs, patch_size=64, batch_size=batch_size, scale=4, seed=3, task=task)


def test_every_end_has_a_task_and_settings() -> None:
    assert TASKS.keys() == PRESETS.keys()
    assert all(config.end == end for end, config in PRESETS.items())
    assert TASKS["psnr"] == TASKS["gan"] == AS_THEY_ARE
    assert TASKS["clean"] == Task(degrade=degrade)
    assert TASKS["flat"] == Task(target=flatten)


def test_batches_of_the_first_two_ends_are_what_they_were() -> None:
    """The shipped pair's batches, drawn by hand: tasks came later and draw nothing for these ends."""
    pairs = sampler().pairs
    generator = np.random.default_rng((3, 11))
    lows, highs = sampler().batch(11)
    for low, high in zip(lows, highs, strict=True):
        whole_low, whole_high = pairs[generator.integers(len(pairs))]
        top, left = (int(generator.integers(side - 16 + 1)) for side in whole_low.shape[1:])
        turns, mirrored = generator.integers(4), generator.integers(2)
        for found, whole, scale in ((low, whole_low, 1), (high, whole_high, 4)):
            rows, columns = (slice(scale * at, scale * (at + 16)) for at in (top, left))
            patch = np.rot90(whole[:, rows, columns].numpy(), turns, axes=(1, 2))
            expected = patch[..., ::-1] if mirrored else patch
            np.testing.assert_array_equal((found * 255).round().numpy(), expected)


def test_inputs_are_spoilt_after_the_turn_and_targets_are_not() -> None:
    def mark(patch: Tensor, _: np.random.Generator) -> Tensor:
        patch = patch.clone()
        patch[:, 0, 0] = 255
        return patch

    clean, degraded = sampler(batch_size=16).batch(0), sampler(Task(degrade=mark), batch_size=16).batch(0)
    assert torch.equal(clean[1], degraded[1])
    assert (degraded[0][..., 0, 0] == 1).all()
    assert torch.equal(clean[0][..., 1:, 1:], degraded[0][..., 1:, 1:])
    assert (clean[0][..., 0, 0] < 1).any()


def test_a_downscaling_of_its_own_gets_the_patch_of_the_target() -> None:
    def corner(high: Tensor, size: tuple[int, int], _: np.random.Generator) -> Tensor:
        return high[:, : size[0], : size[1]]

    clean, cut = sampler().batch(0), sampler(Task(downscale=corner)).batch(0)
    assert torch.equal(clean[1], cut[1])
    assert torch.equal(cut[0], cut[1][..., :16, :16])


def test_targets_are_made_of_whole_photographs() -> None:
    sizes = []

    def negative(whole: Tensor) -> Tensor:
        sizes.append(tuple(whole.shape[1:]))
        return 255 - whole

    clean, turned = sampler().batch(0), sampler(Task(target=negative)).batch(0)
    assert torch.equal(clean[0], turned[0])
    torch.testing.assert_close(turned[1], 1 - clean[1])
    # Both photographs at scales 1 and 0.75; at half its size a patch does not fit.
    assert sizes == [(100, 124)] * 2 + [(72, 92)] * 2


def test_a_batch_depends_on_seed_and_index_only() -> None:
    for end in ["clean", "flat"]:
        with case(end):
            first, second = sampler(TASKS[end]), sampler(TASKS[end])
            second.batch(0)  # what came before does not matter
            for ours, theirs in zip(first.batch(7), second.batch(7), strict=True):
                assert torch.equal(ours, theirs)
            assert not torch.equal(first.batch(7)[0], first.batch(8)[0])


def test_a_whole_photograph_as_an_example() -> None:
    low, high = (to_tensor(image) for image in downscale_pair(photograph(0), 4))
    for end, expected in (
        ("psnr", (low, high)),
        ("clean", (degrade(low, np.random.default_rng(5)), high)),
        ("flat", (low, flatten(high))),
    ):
        found = example(photograph(0), scale=4, task=TASKS[end], generator=np.random.default_rng(5))
        assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, expected, strict=True)), end
