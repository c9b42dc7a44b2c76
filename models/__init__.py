"""The networks that this project trains and ships; one per file, torch only."""

from models.discriminator import VGGDiscriminator
from models.rrdbnet import RRDBNet
from models.tiny_darknet import TinyDarknet

__all__ = ["RRDBNet", "TinyDarknet", "VGGDiscriminator"]
