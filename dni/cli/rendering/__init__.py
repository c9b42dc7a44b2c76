"""The commands that render: render, sweep and curve, and the options of a mix that they share."""
