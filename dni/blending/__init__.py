"""Shares, layer groups and the blending of parameters: theta = sum_i alpha_i * theta_i."""
