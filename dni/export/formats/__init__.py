"""Blended networks in the formats of other programs: PyTorch pickles, ONNX, ncnn."""
