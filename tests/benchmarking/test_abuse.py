"""The benchmark of attacks: it attacks nobody else, tells which limits broke, and every attack runs."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.abuse import main, stop
from benchmarks.abuse_log import QUIET, TOGETHER, Phase, Remains, broken_limits, rows_of
from benchmarks.attacks import ATTACKS, run_attacks
from benchmarks.soak_log import Log
from benchmarks.strangers import Tally

FINE = Remains(alive=True, serves=True, files=0, held_bytes=0, after_end=0)


def phase(name: str, milliseconds: float, *, memory: int = 10**9, **of_attack: int) -> Phase:
    tallies = {name: Tally(Counter(ok=1), **{"reached": 1, **of_attack})} if name != QUIET else {}
    return Phase(name, [Log(latencies=[milliseconds] * 3)], memory=[memory], seconds=1.0, tallies=tallies)


@pytest.mark.parametrize(
    "address", ["http://192.0.2.1:7860", "http://localhost.example", "https://127.0.0.2"]
)
def test_no_other_machine_is_attacked(address: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="Expected an app on this machine"):
        run_attacks(address, tmp_path, tmp_path / "private.txt", [*ATTACKS], 1.0)


def test_limits_that_hold() -> None:
    phases = [phase(QUIET, 100), phase("long names", 150), phase(TOGETHER, 199)]
    assert broken_limits(phases, FINE) == []
    assert [row[0] for row in rows_of(phases)] == [QUIET, "long names", TOGETHER]


@pytest.mark.parametrize(
    ("attacked", "remains", "said"),
    [
        (phase(TOGETHER, 201), FINE, "median frame took 201 ms under attack"),
        (phase(TOGETHER, 3001), FINE, "longest frame took 3001 ms"),
        (phase(TOGETHER, 1, memory=4 * 10**9), FINE, "took 4.00 GB"),
        (phase(TOGETHER, 1, reached=0), FINE, "did not get there"),
        (phase(TOGETHER, 1, leaked=1), FINE, "1 answers held a private file"),
        (phase(TOGETHER, 1), replace(FINE, alive=False), "The app ended"),
        (phase(TOGETHER, 1), replace(FINE, serves=False), "did not serve somebody new"),
        (phase(TOGETHER, 1), replace(FINE, after_end=2), "2 temporary files outlived"),
    ],
)
def test_limits_that_break(attacked: Phase, remains: Remains, said: str) -> None:
    broken = broken_limits([phase(QUIET, 100), attacked], remains)
    assert any(said in sentence for sentence in broken)


def test_a_task_that_swallows_a_cancellation_is_stopped_all_the_same() -> None:
    async def stubborn() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    async def run() -> bool:
        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        await stop([task])
        return task.cancelled()

    assert asyncio.run(asyncio.wait_for(run(), 30))


@pytest.mark.slow
def test_a_short_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Too short for its limits to mean much, but everything runs, and nothing is lost or left."""
    times = ["--seconds", "5", "--quiet-seconds", "3", "--leaving-seconds", "1"]
    main([*times, "--folder", str(tmp_path)])
    table = capsys.readouterr().out
    assert (tmp_path / "abuse.md").read_text() in table
    assert all(f"| {name} |" in table for name in (QUIET, *ATTACKS, TOGETHER))
    for sentence in ("The app ended", "outlived the app", "held a private file", "frames were wrong"):
        assert sentence not in table
