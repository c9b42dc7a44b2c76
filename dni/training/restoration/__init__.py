"""Training and measuring of image-restoration networks: an L1 end and others fine-tuned from it."""
