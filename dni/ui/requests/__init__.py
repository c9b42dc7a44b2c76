"""What comes over the network: who asks, which files a request may name, and what is turned away."""
