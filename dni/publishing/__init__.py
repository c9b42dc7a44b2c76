"""A blend as a repository of the hub: licence, card, folder and push."""
