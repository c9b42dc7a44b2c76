"""Commands that take networks and give networks, or a verdict on them."""
