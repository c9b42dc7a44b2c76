"""Alignment: one network's hidden channels reordered until they correspond to another's."""
