"""Training of looks, paintings and strength ladders: small U-nets that share one ancestor."""
