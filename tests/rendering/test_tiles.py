"""Cutting pictures into tiles: all of the picture once, equal windows, as few pixels as possible."""

import itertools
import math

from cases import case
from hypothesis import given
from hypothesis import strategies as st

from dni.rendering.tiles import Tile, cut_square, halves, plan, spans

SIDES = st.integers(1, 900)


def covers_once(cores: list[tuple[int, int]], length: int) -> bool:
    joined = all(left[1] == right[0] for left, right in itertools.pairwise(cores))
    return joined and cores[0][0] == 0 and cores[-1][1] == length and all(a < b for a, b in cores)


@given(length=SIDES, count=st.integers(1, 12), overlap=st.integers(0, 12), multiple=st.sampled_from([1, 4]))
def test_spans_cover_an_axis_once_and_read_their_surroundings(length, count, overlap, multiple) -> None:
    overlap *= multiple
    cut = spans(length, count=count, overlap=overlap, multiple=multiple)
    assert len(cut) <= count
    assert covers_once([(one.start, one.stop) for one in cut], length)
    for one in cut:
        assert 0 <= one.window_start <= max(0, one.start - overlap)
        assert min(length, one.stop + overlap) == one.window_stop
        assert one.window_start % multiple == 0


@given(length=st.integers(300, 900), count=st.integers(2, 6), overlap=st.integers(0, 30))
def test_windows_of_an_axis_are_equally_long(length: int, count: int, overlap: int) -> None:
    cut = spans(length, count=count, overlap=overlap)
    assert len({one.window for one in cut}) == 1
    # Equal windows that overlap twice between neighbours: no plan reads less.
    assert cut[0].window == math.ceil((length - 2 * overlap) / count) + 2 * overlap


def brute_force(height: int, width: int, overlap: int, budget: int) -> int:
    """The oracle: the fewest pixels over all numbers of rows and columns of equal windows."""

    def side(length: int, count: int) -> int:
        return length if count == 1 else math.ceil((length - 2 * overlap) / count) + 2 * overlap

    counts = itertools.product(range(1, 12), repeat=2)
    sizes = [(rows * columns, side(height, rows) * side(width, columns)) for rows, columns in counts]
    return min(count * window for count, window in sizes if window <= budget)


@given(height=st.integers(300, 500), width=st.integers(300, 500), overlap=st.integers(0, 20))
def test_a_plan_reads_as_few_pixels_as_the_budget_allows(height: int, width: int, overlap: int) -> None:
    tiles = plan(height, width, overlap=overlap, budget=20_000)
    assert max(tile.pixels for tile in tiles) <= 20_000
    assert sum(tile.pixels for tile in tiles) <= 1.02 * brute_force(height, width, overlap, 20_000)


def test_twelve_megapixels_of_the_bundled_pair_cost_less_than_a_tenth_more() -> None:
    tiles = plan(750, 1000, overlap=14, budget=211_000)
    assert sum(tile.pixels for tile in tiles) < 1.07 * 750 * 1000


def test_a_picture_that_fits_is_one_tile() -> None:
    assert [tile.pixels for tile in plan(30, 40, overlap=9, budget=1200)] == [1200]
    assert len(plan(30, 40, overlap=0, budget=1199)) == 2


def test_the_smallest_tiles_are_taken_where_none_is_small_enough() -> None:
    tiles = plan(100, 100, overlap=10, budget=1)
    assert len(tiles) == 25
    assert {tile.pixels for tile in tiles} == {36 * 36}


def test_square_networks_are_planned_by_the_squares_that_they_fill() -> None:
    for size in [(90, 500), (333, 251)]:
        with case(size):
            tiles = plan(*size, overlap=8, budget=10_000, square=True)
            assert len(tiles) > 1
            assert all(max(tile.row.window, tile.column.window) ** 2 <= 10_000 for tile in tiles)


def test_square_tiles_are_at_most_as_large_as_asked() -> None:
    for tile in [16, 40, 1000]:
        with case(tile):
            tiles = cut_square(103, 61, tile=tile, overlap=7)
            assert sum(one.row.core * one.column.core for one in tiles) == 103 * 61
            assert all(max(one.row.window, one.column.window) <= tile + 14 for one in tiles)


def test_halves_share_the_core_and_read_their_own_surroundings() -> None:
    whole = plan(80, 200, overlap=5, budget=100_000)[0]
    left, right = halves(whole, 80, 200, overlap=5)
    assert (left.column.start, left.column.stop, left.column.window_stop) == (0, 100, 105)
    assert (right.column.window_start, right.column.start, right.column.stop) == (95, 100, 200)
    assert left.row == right.row == whole.row


def test_a_tile_of_less_than_two_small_cores_is_not_halved() -> None:
    small = Tile(*(spans(31, count=1, overlap=0) * 2))
    assert halves(small, 31, 31, overlap=0) == []
