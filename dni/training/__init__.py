"""Training and measuring the networks that ship; imported by the command line only."""
