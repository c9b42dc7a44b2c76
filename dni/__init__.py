"""dni: the mixing desk for image networks.

Deep Network Interpolation (Wang et al., CVPR 2019): blend the parameters of networks that share an ancestor,
and run the blended network.
"""

import sys

import dni.waiting_threads  # noqa: F401 - before anything that imports torch
from dni import device as allocator
from dni.blending.blend import Blend
from dni.blending.interpolate import BlendError, interpolate, shares_of
from dni.blending.layer_groups import layer_groups
from dni.blending.shares import Mix, task_shares
from dni.catalog.catalog_file import find_pair, load_catalog
from dni.catalog.pairs import end_paths
from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.networks import load_ends, load_network
from dni.compatibility.verdict import Verdict, inspect_networks
from dni.device import keep_freed_memory
from dni.digits import classifiers as adapt
from dni.digits.classifiers import load_classifier
from dni.errors import DniError
from dni.export.networks import export_network
from dni.export.pictures import export_picture
from dni.pictures.normalize import PictureError
from dni.pictures.picture import Picture
from dni.pictures.read import open_picture
from dni.pictures.rectangle import Rectangle
from dni.recipes.recipe import Recipe
from dni.recipes.recipe_files import read_recipe
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import Cancelled, RenderControl
from dni.rendering.renderer import Renderer, RenderError
from dni.version import __version__

__all__ = [
    "Blend",
    "BlendError",
    "Cancelled",
    "CheckpointError",
    "DniError",
    "ImageNetwork",
    "Mix",
    "Picture",
    "PictureError",
    "Recipe",
    "Rectangle",
    "RenderControl",
    "RenderError",
    "RenderRequest",
    "Renderer",
    "Verdict",
    "__version__",
    "end_paths",
    "export_network",
    "export_picture",
    "find_pair",
    "inspect_networks",
    "interpolate",
    "keep_freed_memory",
    "layer_groups",
    "load_catalog",
    "load_classifier",
    "load_ends",
    "load_network",
    "open_picture",
    "read_recipe",
    "shares_of",
    "task_shares",
]

# The README named these modules before they moved; what it showed goes on working.
sys.modules.update({"dni.adapt": adapt, "dni.allocator": allocator})
