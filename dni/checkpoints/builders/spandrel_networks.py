"""Builds everybody else's networks by spandrel, as plain modules: one picture in, one picture out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn
from torch.nn import functional

from dni.checkpoints.errors import CheckpointError, does_not_fit
from dni.checkpoints.image_network import ImageNetwork

if TYPE_CHECKING:
    import spandrel

__all__ = ["Adapter", "build_by_spandrel"]

# Networks for pictures of one kind that spandrel calls restoration.
SPECIAL = {"MixDehazeNet": "dehazing", "RetinexFormer": "low light", "HVICIDNet": "low light"}
PURPOSES = {"SR": "super-resolution", "FaceSR": "faces", "Restoration": "restoration"}


def build_by_spandrel(state: Mapping[str, Tensor], source: str) -> ImageNetwork:
    """Build the network that the weights are of.

    Args:
        state: Weights as :func:`dni.checkpoints.files.read_state` gives them; they are copied.
        source: What to call the weights in errors.

    Raises:
        CheckpointError: No known architecture, not one from image to image, or weights that do not fit it.
    """
    import spandrel  # with torchvision it takes longer to import than torch, and our networks do without

    try:
        descriptor = spandrel.ModelLoader().load_from_state_dict(dict(state))
    except spandrel.UnsupportedModelError as error:
        raise CheckpointError(
            f"Expected a network of an architecture that spandrel knows, but {source} is of none "
            f"(its first tensors: {', '.join(sorted(state)[:3])}). Choose another file."
        ) from error
    except Exception as error:  # its loaders trust shapes and names, and raise whatever follows
        raise does_not_fit(source, "the architecture that its names suggest", error) from error
    if not isinstance(descriptor, spandrel.ImageModelDescriptor):
        raise CheckpointError(
            f"Expected a network from one image to one image, but {source} is {descriptor.architecture.name} "
            "for inpainting, which needs a mask too. Choose another file."
        )
    sizes = descriptor.size_requirements
    return ImageNetwork(
        module=Adapter(descriptor).float().eval().requires_grad_(False),
        architecture=descriptor.architecture.name,
        scale=descriptor.scale,
        input_channels=descriptor.input_channels,
        output_channels=descriptor.output_channels,
        minimum_size=max(1, sizes.minimum),
        multiple_of=sizes.multiple_of,
        square=sizes.square,
        supports_bfloat16=descriptor.supports_bfloat16,
        purpose=SPECIAL.get(descriptor.architecture.id, PURPOSES[descriptor.purpose]),
    )


class Adapter(nn.Module):
    """One picture in, one picture out, under the network's own parameter names.

    Some architectures need more than a call: a noise level, a change of range, the first of several
    results. spandrel knows what, but only says it together with clipping and padding, hence the private name.
    """

    def __init__(self, descriptor: spandrel.ImageModelDescriptor[nn.Module]) -> None:
        super().__init__()
        self.network = descriptor.model
        self.call = descriptor._call_fn
        self.multiple, self.scale = windows_behind_unshuffle(descriptor), descriptor.scale

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        below, right = -height % self.multiple, -width % self.multiple
        if below or right:
            image = functional.pad(image, (0, right, 0, below), mode="reflect")
        output: Tensor = self.call(self.network, image)
        return output[..., : height * self.scale, : width * self.scale] if below or right else output

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        return self.network.state_dict(*args, **kwargs)

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        return self.network.load_state_dict(*args, **kwargs)


def windows_behind_unshuffle(descriptor: spandrel.ImageModelDescriptor[nn.Module]) -> int:
    """What SwinIR's sizes must be divisible by when it unshuffles: it pads to windows before, not after."""
    if descriptor.architecture.id != "SwinIR":
        return 1
    unshuffle, window = (getattr(descriptor.model, name, 1) for name in ("start_unshuffle", "window_size"))
    return int(unshuffle * window) if unshuffle > 1 else 1
