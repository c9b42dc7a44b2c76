"""dni: the mixing desk for image networks.

Deep Network Interpolation (Wang et al., CVPR 2019): blend the parameters of networks that share an ancestor,
and run the blended network.
"""

__version__ = "0.1.0"  # before the imports, which write it into recipes

from dni.blend import Blend
from dni.catalog import find_pair, load_catalog
from dni.checkpoints import CheckpointError
from dni.errors import DniError
from dni.images import Picture, PictureError, open_picture
from dni.interpolate import BlendError, interpolate, shares_of
from dni.networks import ImageNetwork, load_ends, load_network
from dni.recipe import Recipe
from dni.render import Cancelled, Renderer, RenderError

__all__ = [
    "Blend",
    "BlendError",
    "Cancelled",
    "CheckpointError",
    "DniError",
    "ImageNetwork",
    "Picture",
    "PictureError",
    "Recipe",
    "RenderError",
    "Renderer",
    "find_pair",
    "interpolate",
    "load_catalog",
    "load_ends",
    "load_network",
    "open_picture",
    "shares_of",
]
