"""Measures runs of the comparison that are done: report, tables of the cards, curves that ship."""
