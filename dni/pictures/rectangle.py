"""A rectangle of a picture: crop, region on screen, tile, or part that is measured or painted."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from dni.errors import DniError

__all__ = ["Rectangle"]


@dataclass(frozen=True)
class Rectangle:
    """A rectangle in whole pixels, counted from the picture's top left.

    Whether it has any pixels and lies in a picture is checked against that picture, by :meth:`check_inside`.
    """

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def whole(cls, width: int, height: int) -> Rectangle:
        """All of a picture of this size."""
        return cls(0, 0, width, height)

    def __str__(self) -> str:
        return f"{self.width}x{self.height} at ({self.left}, {self.top})"

    @property
    def right(self) -> int:
        """The first column behind it."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The first row below it."""
        return self.top + self.height

    @property
    def area(self) -> int:
        """How many pixels it has."""
        return self.width * self.height

    @property
    def values(self) -> tuple[int, int, int, int]:
        """Left, top, width and height."""
        return self.left, self.top, self.width, self.height

    def is_inside(self, width: int, height: int) -> bool:
        """Whether it has pixels and lies in a picture of this size."""
        return 0 <= self.left < self.right <= width and 0 <= self.top < self.bottom <= height

    def check_inside(
        self, width: int, height: int, *, name: str = "rectangle", error_type: type[DniError] = DniError
    ) -> None:
        """Raise unless it has pixels and lies in a picture of this size.

        Args:
            width, height: Of the picture.
            name: What the message calls the rectangle.
            error_type: What is raised.

        Raises:
            DniError: Of ``error_type``: it is empty or not inside.
        """
        if not self.is_inside(width, height):
            raise error_type(
                f"Expected a {name} inside the {width}x{height} picture, but got {self}. "
                "Move it or make it smaller."
            )

    def around(self, other: Rectangle) -> Rectangle:
        """The smallest rectangle that holds both."""
        left, top = min(self.left, other.left), min(self.top, other.top)
        right, bottom = max(self.right, other.right), max(self.bottom, other.bottom)
        return Rectangle(left, top, right - left, bottom - top)

    def relative_to(self, window: Rectangle) -> Rectangle:
        """The same pixels, counted from the top left of a window."""
        return Rectangle(self.left - window.left, self.top - window.top, self.width, self.height)

    def scaled(self, factor: int) -> Rectangle:
        """The same part of the picture ``factor`` times enlarged."""
        return Rectangle(self.left * factor, self.top * factor, self.width * factor, self.height * factor)

    def reduced(self, factor: int) -> Rectangle:
        """The part of the picture reduced by ``factor``; every value is rounded down."""
        return Rectangle(self.left // factor, self.top // factor, self.width // factor, self.height // factor)

    def cut(self, pixels: Tensor) -> Tensor:
        """Its pixels of a picture.

        Args:
            pixels: (C, H, W) of any dtype, on any device.

        Returns:
            (C, height, width), a view.

        Raises:
            DniError: It is empty or not inside.
        """
        self.check_inside(pixels.shape[-1], pixels.shape[-2])
        return pixels[:, self.top : self.bottom, self.left : self.right]
