"""A picture on the page: how it comes in, what the viewers know of it, and what is taken away."""
