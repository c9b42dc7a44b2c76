"""Makes the README's picture: bicubic, and the bundled pair at five alphas, side by side.

Run from the repository: ``python docs/make_picture.py``.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from dni import Renderer, find_pair, load_ends, open_picture, shares_of
from dni.catalog.pairs import end_paths
from dni.examples import EXAMPLE_FOLDER
from dni.pictures.picture import to_pil
from dni.pictures.resize import resize_bicubic

HERE = Path(__file__).parent
ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
CROP = (250, 40, 570, 440)  # of the enlarged cat: left, top, right, bottom
LABEL_HEIGHT = 34


def main() -> None:
    """Render, label and save ``docs/blend.jpg``."""
    pair = find_pair("texture-x4")
    network, states = load_ends(end_paths(pair))
    renderer = Renderer(network, states)
    picture = open_picture(EXAMPLE_FOLDER / "cat.png")
    panels = [("bicubic", to_pil(resize_bicubic(picture.rgb, renderer.scale)))]
    for alpha in ALPHAS:
        name = {0.0: f"alpha 0: {pair.labels[0]}", 1.0: f"alpha 1: {pair.labels[1]}"}.get(
            alpha, f"alpha {alpha}"
        )
        panels.append((name, to_pil(renderer.render(picture.rgb, shares_of(alpha)))))
    width, height = CROP[2] - CROP[0], CROP[3] - CROP[1]
    sheet = Image.new("RGB", (3 * width + 20, 2 * (height + LABEL_HEIGHT)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(20)
    for index, (name, image) in enumerate(panels):
        left, top = (index % 3) * (width + 10), (index // 3) * (height + LABEL_HEIGHT)
        sheet.paste(image.crop(CROP), (left, top + LABEL_HEIGHT))
        draw.text((left + 4, top + 6), name, fill="black", font=font)
    sheet.save(HERE / "blend.jpg", quality=92, subsampling=0)


if __name__ == "__main__":
    main()
