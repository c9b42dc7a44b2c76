"""OpenMP is told how to wait before torch reads it, and what a person has set stays."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# Says what is set when torch is first looked for, and ends there.
SCRIPT = """
import os, sys

class Look:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            print(os.environ.get("GOMP_SPINCOUNT"))
            sys.exit()

sys.meta_path.insert(0, Look())
import dni
"""


@pytest.mark.parametrize(
    ("own", "expected"),
    [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "None")],
)
def test_openmp_is_told_before_torch_is_imported(own: dict[str, str], expected: str) -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env={**plain, **own}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [expected]
