"""What a network sees around a part of a picture, and the memory that a window takes: both measured."""
