"""Training of image-restoration pairs: an L1 end and a GAN end fine-tuned from it."""
