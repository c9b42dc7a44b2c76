"""Whether networks can be blended: correlation, a test at the midpoint, lineage, the verdict."""
