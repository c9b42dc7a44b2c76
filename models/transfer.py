"""The small networks of the Transfer tab, for grey digits: float32 (B, 784) or (B, 1, 28, 28) in [0, 1]."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

__all__ = ["LAYERS", "ConvolutionalTeacher", "LayeredNetwork", "Student"]

# The layers of a layered network, in order; the last one is the classifier.
LAYERS = ("conv1", "conv2", "fc1", "fc2", "out")


class Student(nn.Module):
    """A plain 784-200-200-10 network, the student of the view "From a teacher".

    Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, https://arxiv.org/abs/1503.02531, has
    800 units a layer; the smaller one leaves a gap to its teacher that can be seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2, self.out = nn.Linear(784, 200), nn.Linear(200, 200), nn.Linear(200, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Digits (B, 784) or (B, 1, 28, 28) to logits (B, 10)."""
        hidden = self.fc1(images.flatten(1)).relu()
        logits: Tensor = self.out(self.fc2(hidden).relu())
        return logits


def convolution(channels: int, filters: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(conv=nn.Conv2d(channels, filters, 5), pool=nn.MaxPool2d(2), relu=nn.ReLU())
    )


def dense(inputs: int, units: int) -> nn.Sequential:
    return nn.Sequential(OrderedDict(flat=nn.Flatten(), fc=nn.Linear(inputs, units), relu=nn.ReLU()))


class ConvolutionalTeacher(nn.Module):
    """Two convolutions and two dense layers, with dropout: the teacher of the view "From a teacher".

    Ba and Caruana, "Do Deep Nets Really Need to be Deep?", NIPS 2014, https://arxiv.org/abs/1312.6184, teach
    shallow networks by a convolutional one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = convolution(1, 16), convolution(16, 32)
        self.fc1, self.dropout, self.out = dense(512, 128), nn.Dropout(0.5), nn.Linear(128, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Digits (B, 1, 28, 28) to logits (B, 10)."""
        logits: Tensor = self.out(self.dropout(self.fc1(self.conv2(self.conv1(images)))))
        return logits


class LayeredNetwork(nn.Module):
    """Five layers for five classes, which can be cut after each but the last, for the view "How deep?".

    Yosinski et al., "How transferable are features in deep neural networks?", NIPS 2014,
    https://arxiv.org/abs/1411.1792, cut AlexNet, which has eight.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = convolution(1, 8), convolution(8, 16)
        self.fc1, self.fc2, self.out = dense(256, 64), dense(64, 64), nn.Linear(64, 5)

    def layers(self) -> tuple[nn.Module, ...]:
        """In the order of :data:`LAYERS`."""
        return self.conv1, self.conv2, self.fc1, self.fc2, self.out

    def forward(self, images: Tensor) -> Tensor:
        """Digits (B, 1, 28, 28) to logits (B, 5)."""
        return self.above(images, 0)

    def below(self, images: Tensor, cut: int) -> Tensor:
        """What the first ``cut`` layers, 0 to 4, make of the digits."""
        for layer in self.layers()[:cut]:
            images = layer(images)
        return images

    def above(self, features: Tensor, cut: int) -> Tensor:
        """What :meth:`below` gave, to logits (B, 5)."""
        for layer in self.layers()[cut:]:
            features = layer(features)
        return features
