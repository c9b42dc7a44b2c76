"""Every architecture that spandrel loads, in its variants: the arguments of a small network each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["ROWS", "Row"]


@dataclass(frozen=True)
class Row:
    """One architecture in one variant.

    Attributes:
        architecture: spandrel's id, also the module that has the constructor.
        variant: What tells it from the architecture's other rows.
        options: The constructor's arguments.
        constructor: The name of the class, where it is not the architecture's.
        heavy: Its size is fixed and large: a check takes many seconds.
        size: Height and width of the picture that is compared with spandrel's, no multiples of any window.
    """

    architecture: str
    variant: str
    options: dict[str, Any] = field(default_factory=dict)
    constructor: str = ""
    heavy: bool = False
    size: tuple[int, int] = (97, 101)

    @property
    def name(self) -> str:
        return f"{self.architecture} {self.variant}"


def row(
    architecture: str,
    variant: str,
    /,
    *,
    class_: str = "",
    heavy: bool = False,
    size_: tuple[int, int] = (97, 101),
    **options: Any,
) -> Row:
    return Row(architecture, variant, options, class_ or architecture, heavy, size_)


SWIN = {"img_size": 32, "embed_dim": 12, "depths": [2, 2], "num_heads": [2, 2], "mlp_ratio": 2.0}
SWIN_8 = {**SWIN, "window_size": 8}
SWIN_8_NEAREST = {**SWIN_8, "upscale": 4, "upsampler": "nearest+conv"}
PLK = {"dim": 16, "n_blocks": 2, "kernel_size": 9}
DAT = {"img_size": 32, "embed_dim": 16, "depth": [3], "num_heads": [2], "expansion_factor": 2.0}
ATD = {
    "embed_dim": 12, "depths": (2, 2), "num_heads": (2, 2), "window_size": 8, "num_tokens": 16,
    "reducted_dim": 4,
}  # fmt: skip
GRL = {
    "img_size": 64, "embed_dim": 16, "depths": [2], "num_heads_window": [2], "num_heads_stripe": [2],
    "mlp_ratio": 2.0, "stripe_shift": True, "anchor_window_down_factor": 4,
}  # fmt: skip
GRL_SR = {**GRL, "window_size": 32, "stripe_size": [64, 64]}
FDAT = {"embed_dim": 16, "num_groups": 1, "depth_per_group": 1, "num_heads": 2, "mid_dim": 16}
MOESR = {"dim": 16, "n_blocks": 2, "n_block": 2, "upsample_dim": 16}
U_NET = {"nc": [8, 12, 16, 20], "nb": 2}
KBNET_S = {"width": 16, "middle_blk_num": 1, "enc_blk_nums": [1, 1], "dec_blk_nums": [1, 1]}
KBNET_L = {"dim": 24, "num_blocks": [1, 1, 1, 1], "num_refinement_blocks": 1, "heads": [1, 2, 4, 8]}
MM_REAL_SR = {
    "num_in_ch": 3, "num_out_ch": 3, "num_feat": 16, "num_block": 1, "num_grow_ch": 8,
    "num_feats": [8, 8, 8, 8], "num_blocks": [1, 1, 1, 1],
}  # fmt: skip
STYLE = {"dim_in": 16, "dim_out": 64, "depth": 2}
AURA = {
    "dim": 8, "image_size": None, "input_image_size": None, "style_network": STYLE,
    "up_dim_mults": (1, 1, 2, 2, 4), "down_dim_mults": (2, 2, 4), "self_attn_dim_head": 8,
    "mid_attn_depth": 1,
    "attn_depths": (2, 2, 2, 1, 1), "num_conv_kernels": 2, "skip_connect_scale": 0.4,
}  # fmt: skip

ROWS = (
    row("Compact", "x4", num_feat=16, num_conv=3),
    row("Compact", "x1", num_feat=16, num_conv=3, upscale=1),
    row("Compact", "x2 grey", num_feat=16, num_conv=3, upscale=2, num_in_ch=1, num_out_ch=1),
    row("Compact", "x1 grey to RGB", num_feat=16, num_conv=3, upscale=1, num_in_ch=1),
    row("Compact", "x2 four channels", num_feat=16, num_conv=3, upscale=2, num_in_ch=4, num_out_ch=4),
    row("ESRGAN", "x4", num_filters=16, num_blocks=2),
    row("ESRGAN", "x1", num_filters=16, num_blocks=2, scale=1),
    row("ESRGAN", "plus", num_filters=16, num_blocks=2, plus=True),
    row("ESRGAN", "unshuffle x2", num_filters=16, num_blocks=2, in_nc=12, scale=4, shuffle_factor=2),
    row("ESRGAN", "unshuffle x1", num_filters=16, num_blocks=2, in_nc=48, scale=4, shuffle_factor=4),
    row("ESRGAN", "four channels", num_filters=16, num_blocks=1, in_nc=4, out_nc=4),
    row("SPAN", "x4", num_in_ch=3, num_out_ch=3, feature_channels=16),
    row(
        "SPAN",
        "x2 without normalisation",
        num_in_ch=3,
        num_out_ch=3,
        feature_channels=16,
        upscale=2,
        norm=False,
    ),
    row("MoSR", "pixel shuffle", n_block=2, dim=16, upscale=2),
    row("MoSR", "dysample", n_block=2, dim=16, upscale=2, upsampler="dys"),
    row("MoSR", "geo ensemble", n_block=2, dim=16, upscale=2, upsampler="gps"),
    row("DnCNN", "batch norm", in_nc=3, out_nc=3, nc=16, nb=5),
    row("DnCNN", "grey", nc=16, nb=9, act_mode="R"),
    row("DnCNN", "FDnCNN", in_nc=4, out_nc=3, nc=16, nb=9, act_mode="R", mode="FDnCNN"),
    row("SwiftSRGAN", "x4", num_channels=16, num_blocks=2),
    row("PLKSR", "PLK", **PLK, upscaling_factor=2),
    row("PLKSR", "sparse", **PLK, upscaling_factor=2, lk_type="SparsePLK"),
    row("PLKSR", "rectangular DCCM", **PLK, upscaling_factor=2, lk_type="RectSparsePLK", ccm_type="DCCM"),
    row("PLKSR", "Real", class_="RealPLKSR", **PLK),
    row("PLKSR", "Real dysample", class_="RealPLKSR", **PLK, dysample=True),
    row("PLKSR", "Real layer norm", class_="RealPLKSR", **PLK, layer_norm=True),
    row("MoESR", "pixel shuffle direct", **MOESR),
    row("MoESR", "pixel shuffle", **MOESR, scale=2, upsampler="pixelshuffle"),
    row("MoESR", "nearest and convolution", **MOESR, scale=2, upsampler="nearest+conv"),
    row("MoESR", "dysample", **MOESR, scale=2, upsampler="dysample"),
    row("RCAN", "x2", scale=2, n_resgroups=1, n_resblocks=2, n_feats=16, reduction=4),
    row("RCAN", "without normalisation", scale=2, n_resgroups=1, n_resblocks=2, n_feats=16, norm=False),
    row(
        "RCAN",
        "unshuffle",
        scale=2,
        n_resgroups=1,
        n_resblocks=2,
        n_feats=16,
        reduction=4,
        unshuffle_mod=True,
    ),
    row("MMRealSR", "x4", **MM_REAL_SR),
    row("RealCUGAN", "2x", class_="UpCunet2x"),
    row("RealCUGAN", "3x", class_="UpCunet3x"),
    row("RealCUGAN", "4x", class_="UpCunet4x"),
    row("RealCUGAN", "2x pro", class_="UpCunet2x", pro=True),
    row("RealCUGAN", "2x fast", class_="UpCunet2x_fast"),
    row("DRUNet", "colour", in_nc=4, out_nc=3, **U_NET),
    row("DRUNet", "grey", in_nc=2, out_nc=1, **U_NET),
    row("FBCNN", "colour", nc=[8, 12, 16, 512], nb=2),
    row("FBCNN", "grey", in_nc=1, out_nc=1, nc=[8, 12, 16, 512], nb=2),
    row("NAFNet", "two levels", width=8, middle_blk_num=1, enc_blk_nums=[1, 1], dec_blk_nums=[1, 1]),
    row("NAFNet", "four levels", width=4, enc_blk_nums=[1, 1, 1, 1], dec_blk_nums=[1, 1, 1, 1]),
    row("KBNet", "S", class_="KBNet_s", **KBNET_S),
    row("KBNet", "S lightweight", class_="KBNet_s", **KBNET_S, lightweight=True),
    row("KBNet", "L", class_="KBNet_l", **KBNET_L),
    row("SAFMN", "x4", dim=16, n_blocks=2),
    row("SAFMN", "x2", dim=16, n_blocks=2, upscaling_factor=2),
    row("SAFMNBCIE", "", dim=16, n_blocks=1, num_layers=2),
    row("MixDehazeNet", "tiny", embed_dims=[8, 16, 24, 16, 8], depths=[1, 1, 1, 1, 1]),
    row("RetinexFormer", "one stage", n_feat=8, stage=1),
    row("HVICIDNet", "", channels=[8, 8, 16, 16]),
    row("FFTformer", "", dim=8, num_blocks=[1, 1, 1], num_refinement_blocks=1),
    row("DCTLSA", "x4", nf=20),
    row("DITN", "x4", dim=16, ITL_blocks=1, SAL_blocks=1),
    row("SeemoRe", "x2", scale=2, num_experts=3, num_layers=2, embedding_dim=16),
    row("SwinIR", "classical x2", **SWIN_8, upscale=2, upsampler="pixelshuffle"),
    row("SwinIR", "lightweight x2", **SWIN_8, upscale=2, upsampler="pixelshuffledirect"),
    row("SwinIR", "real x4", **SWIN_8, upscale=4, upsampler="nearest+conv", resi_connection="3conv"),
    row("SwinIR", "denoising", **SWIN_8),
    row("SwinIR", "JPEG", **SWIN | {"img_size": 28}, window_size=7, img_range=255.0),
    row("SwinIR", "grey JPEG", **SWIN | {"img_size": 28}, window_size=7, img_range=255.0, in_chans=1),
    row(
        "SwinIR",
        "unshuffle",
        size_=(107, 109),
        **SWIN_8,
        upscale=4,
        upsampler="nearest+conv",
        start_unshuffle=2,
    ),
    row("Swin2SR", "classical x2", **SWIN_8, upsampler="pixelshuffle"),
    row("Swin2SR", "lightweight x2", **SWIN_8, upsampler="pixelshuffledirect"),
    row("Swin2SR", "real x4", **SWIN_8, upscale=4, upsampler="nearest+conv"),
    row("Swin2SR", "auxiliary x4", **SWIN_8, upscale=4, upsampler="pixelshuffle_aux"),
    row("HAT", "x2", **SWIN_8 | {"compress_ratio": 3, "squeeze_factor": 4}, upscale=2),
    row(
        "HAT", "x4 window 16", **SWIN | {"compress_ratio": 3, "squeeze_factor": 4}, window_size=16, upscale=4
    ),
    row("GRL", "x1", **GRL),
    row(
        "GRL",
        "x4 nearest and convolution",
        **GRL,
        upscale=4,
        upsampler="nearest+conv",
        window_size=16,
        stripe_size=[32, 64],
    ),
    row("GRL", "x2", heavy=True, **GRL_SR, upscale=2, upsampler="pixelshuffledirect"),
    row("OmniSR", "x2", num_feat=16, up_scale=2),
    row("SCUNet", "", config=[2] * 7),
    row("Uformer", "", embed_dim=8, depths=[1] * 9, num_heads=[1, 1, 2, 2, 4, 4, 2, 2, 1]),
    row("RGT", "x2", embed_dim=16, depth=[3], num_heads=[2], mlp_ratio=2.0),
    row("DAT", "x2", **DAT, split_size=[8, 16]),
    row("DAT", "light x2", **DAT, split_size=[8, 32], upsampler="pixelshuffledirect"),
    row("CRAFT", "x2", embed_dim=24, depths=[2], num_heads=[6], upscale=2),
    row("ATD", "light x2", **ATD, upscale=2, upsampler="pixelshuffledirect"),
    row("ATD", "x2", **ATD, upscale=2, upsampler="pixelshuffle"),
    row(
        "DRCT",
        "x2",
        img_size=32,
        embed_dim=12,
        depths=(6,),
        num_heads=(2,),
        upscale=2,
        upsampler="pixelshuffle",
        gc=8,
    ),
    row("FDAT", "transpose and convolution", **FDAT, scale=2),
    row("FDAT", "pixel shuffle", **FDAT, scale=2, upsampler_type="pixelshuffle"),
    row("FDAT", "unshuffle", **FDAT, scale=2, upsampler_type="pixelshuffle", unshuffle_mod=True),
    row("IPT", "x2", n_feats=24, num_layers=1, scale=[2], patch_size=24),
    row("AuraSR", "", heavy=True, **AURA),
    row("GFPGAN", "", heavy=True, size_=(512, 512)),
    row(
        "RestoreFormer",
        "",
        n_embed=16,
        embed_dim=16,
        ch=32,
        ch_mult=(1, 1, 2),
        num_res_blocks=1,
        z_channels=16,
    ),
    row("LaMa", "", in_nc=4, heavy=True, size_=(512, 512)),
)
