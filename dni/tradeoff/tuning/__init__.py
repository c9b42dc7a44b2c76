"""Auto-mix: learns how much of every end each group of layers gets, for a goal on given pictures."""
