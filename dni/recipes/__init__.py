"""What is asked of a render, and the recipe that every file of ours carries."""
