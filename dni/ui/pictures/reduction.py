"""Offers to reduce a picture that is larger than it needs to be, and reduces it."""

from __future__ import annotations

from math import ceil, sqrt
from pathlib import PurePath

from PIL import Image

from dni.catalog.pairs import Pair
from dni.errors import DniError, shown
from dni.pictures.picture import Picture, from_pil, to_pil
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session
from dni.ui.pictures.shown_picture import ShownPicture
from dni.ui.protocol.frames import Reduction, Scene

__all__ = ["reduce_scene_picture", "reduction_of"]

# A picture with more pixels is offered a reduction,
LARGE_PIXELS = 2_000_000
# to at most so many before it is enlarged,
ENOUGH_TO_ENLARGE = 1_000_000
# or as many as a quick machine shows live where strokes are drawn.
ENOUGH_TO_REDRAW = 390_000
MAX_FACTOR = 16
FRACTIONS = {2: "a half", 3: "a third", 4: "a quarter"}


def reduction_of(picture: Picture, pair: Pair, scale: int, *, full: Picture | None) -> Reduction | None:
    """What to offer for a picture through a pair.

    Args:
        picture: The one on screen.
        pair: The networks; a ladder is for a picture as it is, since reducing it removes what they repair.
        scale: Their enlargement.
        full: What the picture was reduced from, or None.
    """
    if full is not None:
        size = f"{picture.width:,} x {picture.height:,} pixels"
        name = fraction(round(full.width / picture.width))
        return Reduction(factor=1, text=f"Reduced to {name}: {size}.", button="Back to full size")
    if picture.whole.area <= LARGE_PIXELS or pair.ladder is not None:
        return None
    enough = ENOUGH_TO_ENLARGE if scale > 1 else ENOUGH_TO_REDRAW
    factor = min(MAX_FACTOR, ceil(sqrt(picture.whole.area / enough)))
    text = offer_to_enlarge(picture, scale, factor) if scale > 1 else offer_to_redraw(picture, factor)
    return Reduction(factor=factor, text=text, button=f"Reduce to {fraction(factor)} first")


def offer_to_enlarge(picture: Picture, scale: int, factor: int) -> str:
    width, height = picture.width * scale, picture.height * scale
    small_width, small_height = (side * scale for side in reduced_size(picture, factor))
    return (
        f"This picture is large already: enlarged {scale} times it has {width:,} x {height:,} pixels, and in "
        "single pixels a photograph is mostly blur and noise. "
        f"Reduced to {fraction(factor)} first, it becomes {small_width:,} x {small_height:,}, sooner and "
        "sharper."
    )


def offer_to_redraw(picture: Picture, factor: int) -> str:
    width, height = reduced_size(picture, factor)
    return (
        f"What this effect draws is a few pixels wide: thin on {picture.width:,} x {picture.height:,}. "
        f"Reduced to {fraction(factor)} first, {width:,} x {height:,}, its strokes are {factor} times bolder."
    )


def reduce_scene_picture(
    service: RenderService, scene: Scene, factor: object, *, session: Session, tab: str
) -> ShownPicture:
    """Show the scene's picture at another size.

    Args:
        service: Where it is.
        scene: What is on screen.
        factor: By how much the full picture is reduced; 1 goes back to it.
        session: Whose picture it is.
        tab: Where it is shown.

    Raises:
        DniError: The picture is no longer held, or the factor is none.
    """
    if isinstance(factor, bool) or not isinstance(factor, int) or not 1 <= factor <= MAX_FACTOR:
        raise DniError(f"Expected to reduce by 1 to {MAX_FACTOR}, but got {shown(factor)}.")
    full = scene.full or scene.token
    picture = service.picture(full, session)
    if factor == 1:
        return ShownPicture(full, scene.example)
    token = service.hold(reduced(picture, factor), session=session, tab=f"{tab}, reduced")
    return ShownPicture(token, scene.example, full)


def reduced(picture: Picture, factor: int) -> Picture:
    """The picture with its sides divided by a factor, with antialiasing; 8 bits per channel."""
    image = to_pil(picture.rgb, picture.opacity)
    smaller = image.resize(reduced_size(picture, factor), Image.Resampling.BICUBIC, reducing_gap=3)
    path = PurePath(picture.name)
    name = f"{path.stem} reduced to {fraction(factor)}{path.suffix}"
    return from_pil(smaller, name=name)


def reduced_size(picture: Picture, factor: int) -> tuple[int, int]:
    return max(1, round(picture.width / factor)), max(1, round(picture.height / factor))


def fraction(factor: int) -> str:
    return FRACTIONS.get(factor, f"1/{factor}")
