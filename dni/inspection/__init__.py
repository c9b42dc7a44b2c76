"""Do these networks blend? The verdict and its evidence."""
