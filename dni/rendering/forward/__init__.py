"""One forward pass: layout, channels, padding, and errors inside of a network."""
