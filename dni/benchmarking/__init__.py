"""Speed of the engine, measured beside the hardware's own limits and other tools on the same machine."""

from dni.benchmarking.clock import Row, alternate, median_of, ratio_of, skipped
from dni.benchmarking.frame import bundled_ladder, frame_row, network_input
from dni.benchmarking.gpu import gpu_rows, tf32, whole_picture_row
from dni.benchmarking.machine import describe_machine, precisions, sample_picture
from dni.benchmarking.quick import frame_rows, quick_rows, setting_rows
from dni.benchmarking.rate import convolution_rows
from dni.benchmarking.rebuild import rebuild_row
from dni.benchmarking.setting import random_rrdb, setting_row
from dni.benchmarking.table import COLUMNS, cells_of, text_table

__all__ = [
    "COLUMNS",
    "Row",
    "alternate",
    "bundled_ladder",
    "cells_of",
    "convolution_rows",
    "describe_machine",
    "frame_row",
    "frame_rows",
    "gpu_rows",
    "median_of",
    "network_input",
    "precisions",
    "quick_rows",
    "random_rrdb",
    "ratio_of",
    "rebuild_row",
    "sample_picture",
    "setting_row",
    "setting_rows",
    "skipped",
    "text_table",
    "tf32",
    "whole_picture_row",
]
