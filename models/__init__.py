"""The networks that this project trains and ships; one per file, torch only."""

from models.compact import SRVGGNetCompact
from models.discriminator import VGGDiscriminator
from models.look_unet import LookUNet
from models.rrdbnet import RRDBNet
from models.tiny_darknet import TinyDarknet

__all__ = ["LookUNet", "RRDBNet", "SRVGGNetCompact", "TinyDarknet", "VGGDiscriminator"]
