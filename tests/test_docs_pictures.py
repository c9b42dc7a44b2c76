"""The script that draws the README's picture of the digits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from PIL import Image

SCRIPT = Path(__file__).resolve().parents[1] / "docs" / "make_digits_picture.py"


def test_a_report_becomes_the_picture_of_the_digits(tmp_path: Path) -> None:
    line = {"mnist": [0.97, 0.99, 0.98], "mnist_m": [0.5, 0.7, 0.95]}
    square = [[0.2, 0.8], [0.4, 0.6]]  # source only, DANN; DaNN, the corner opposite source only
    corners = ["source_only", "dann", "dann_mmd"]
    report = {
        "methods": {name: {"title": f"the {name}"} for name in corners},
        "curves": {"alphas": [-0.25, 0.5, 1.25], "dann": line, "dann_mmd": line},
        "plane": {"corners": corners, "u": [0, 1], "v": [0, 1], "mnist": square, "mnist_m": square},
    }
    (tmp_path / "report.json").write_text(json.dumps(report))
    words = [sys.executable, str(SCRIPT), str(tmp_path / "report.json"), str(tmp_path / "digits.png")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    picture = Image.open(tmp_path / "digits.png")
    assert (picture.mode, picture.width) == ("RGB", 1200)
    drawn = {colour for _, colour in picture.getcolors(picture.width * picture.height)}
    assert {(0x0B, 0x63, 0xA5), (0xD9, 0x66, 0x0B)} <= drawn  # DANN and DaNN
    assert (0xC0, 0x1C, 0x28) not in drawn  # AdaMatch, which this report lacks
    grey = picture.convert("L")
    source_only, dann, dann_mmd, opposite = (
        grey.getpixel(place) for place in ((815, 363), (1105, 363), (815, 73), (1105, 73))
    )
    assert source_only < dann_mmd < opposite < dann
