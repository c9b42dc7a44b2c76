"""Which picture a tab shows: an example, or a person's own, perhaps reduced."""

from __future__ import annotations

from dataclasses import dataclass

from dni.examples import example_token
from dni.ui.protocol.frames import Scene

__all__ = ["ShownPicture"]


@dataclass(frozen=True)
class ShownPicture:
    """What a scene is to show.

    Attributes:
        token: Of the picture.
        example: The example's name, or empty.
        full: The token of what the picture was reduced from, or empty.
    """

    token: str
    example: str = ""
    full: str = ""

    @classmethod
    def of(cls, scene: Scene) -> ShownPicture:
        return cls(scene.token, scene.example, scene.full)

    @classmethod
    def of_example(cls, name: str) -> ShownPicture:
        return cls(example_token(name), name)
