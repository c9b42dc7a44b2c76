"""Who builds a network of its weights: this project for its own, spandrel for all others."""
