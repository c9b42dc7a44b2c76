"""dni: the mixing desk for image networks.

Deep Network Interpolation (Wang et al., CVPR 2019): blend the parameters of networks that share an ancestor,
and run the blended network.
"""

from dni.blend import Blend
from dni.catalog import find_pair, load_catalog
from dni.checkpoints import CheckpointError
from dni.errors import DniError
from dni.groups import layer_groups
from dni.images import Picture, PictureError, open_picture
from dni.inspection.verdict import Verdict, inspect_networks
from dni.interpolate import BlendError, interpolate, shares_of
from dni.mix import Mix, task_shares
from dni.networks import ImageNetwork, load_ends, load_network
from dni.recipes.order import Order
from dni.recipes.recipe import Recipe
from dni.recipes.recipe_files import read_recipe
from dni.render import Cancelled, Renderer, RenderError
from dni.results.export import export_network, export_picture
from dni.version import __version__

__all__ = [
    "Blend",
    "BlendError",
    "Cancelled",
    "CheckpointError",
    "DniError",
    "ImageNetwork",
    "Mix",
    "Order",
    "Picture",
    "PictureError",
    "Recipe",
    "RenderError",
    "Renderer",
    "Verdict",
    "__version__",
    "export_network",
    "export_picture",
    "find_pair",
    "inspect_networks",
    "interpolate",
    "layer_groups",
    "load_catalog",
    "load_ends",
    "load_network",
    "open_picture",
    "read_recipe",
    "shares_of",
    "task_shares",
]
