"""Builds a wheel of one package, ``dni``: the networks of ``models/`` and the ``weights/`` go inside of it.

In the checkout they lie at the top, where people look for them. A wheel that installed a package called
``models`` would collide with everybody's.
"""

import re
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
# An editable install runs the checkout itself, in which the networks are imported from the top.
IS_EDITABLE = any("editable" in word for word in sys.argv)


class BuildWithNetworks(build_py):
    """Copies ``models/`` and ``weights/`` into the package, and imports the networks from there."""

    def run(self) -> None:
        super().run()
        if IS_EDITABLE:
            return
        package = Path(self.build_lib) / "dni"
        for folder in ("models", "weights"):
            copytree(
                ROOT / folder, package / folder, ignore=ignore_patterns("__pycache__"), dirs_exist_ok=True
            )
        for module in package.rglob("*.py"):
            text = module.read_text(encoding="utf-8")
            inside = re.sub(r"^(\s*)from models\b", r"\1from dni.models", text, flags=re.MULTILINE)
            if inside != text:
                module.write_text(inside, encoding="utf-8")


setup(
    packages=[
        *find_packages(str(ROOT), include=["dni", "dni.*"]),
        *(["models"] if IS_EDITABLE else []),
    ],
    cmdclass={"build_py": BuildWithNetworks},
)
