"""The digit classifiers of the domain-adaptation experiments, and the classifier of domains.

The small one is that of Ganin et al., "Domain-Adversarial Training of Neural Networks", JMLR 2016,
https://arxiv.org/abs/1505.07818, figure 4a: two 5x5 convolutions with max pools, then 100-100-10 units; for
the domain 100-1. The large one has five convolutions. Neither has batch norm or dropout, so a blend of two
networks needs no statistics of its own.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["DigitClassifier", "DigitNetwork", "DomainClassifier", "LargeDigitNetwork"]

NUM_CLASSES = 10
NUM_HIDDEN = 100


class DigitClassifier(nn.Module):
    """Classifies digits in colour: convolutions, two hidden layers and a linear one.

    Shape:
        Input (B, 3, 28, 28), floating point, RGB in [0, 1]; output: logits (B, 10). The normalisation,
        the same in every domain, is inside.

    Attributes:
        num_features: What the convolutions give.
    """

    num_features: ClassVar[int]
    conv1: nn.Conv2d
    fc1: nn.Linear
    fc2: nn.Linear
    fc3: nn.Linear

    def forward(self, x: Tensor) -> Tensor:
        return self.classify(self.features(x))

    def features(self, x: Tensor) -> Tensor:
        """(B, 3, 28, 28) to the features (B, num_features) that both classifiers read."""
        if x.ndim != 4 or x.shape[1:] != (3, 28, 28):
            raise ValueError(f"Expected digits of shape (B, 3, 28, 28), but got {tuple(x.shape)}.")
        return self.convolve(x - 0.5).flatten(1)

    def convolve(self, x: Tensor) -> Tensor:
        """Digits in [-0.5, 0.5] to maps (B, C, H, W), after their ReLU."""
        raise NotImplementedError

    def hidden(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features to both hidden layers, (B, units) each, after their ReLU."""
        first = functional.relu(self.fc1(features))
        return first, functional.relu(self.fc2(first))

    def activations(self, x: Tensor) -> dict[str, Tensor]:
        """(B, 3, 28, 28) to what every layer gives, by name: features, both hidden layers, logits."""
        features = self.features(x)
        first, second = self.hidden(features)
        return {"features": features, "fc1": first, "fc2": second, "logits": self.fc3(second)}

    def classify(self, features: Tensor) -> Tensor:
        """Features to logits (B, 10)."""
        logits: Tensor = self.fc3(self.hidden(features)[1])
        return logits


class DigitNetwork(DigitClassifier):
    """Two convolutions; 128,890 parameters."""

    num_features = 48 * 4 * 4

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 5)
        self.conv2 = nn.Conv2d(32, 48, 5)
        self.fc1 = nn.Linear(self.num_features, NUM_HIDDEN)
        self.fc2 = nn.Linear(NUM_HIDDEN, NUM_HIDDEN)
        self.fc3 = nn.Linear(NUM_HIDDEN, NUM_CLASSES)

    def convolve(self, x: Tensor) -> Tensor:
        # The ReLU after the pool: the same numbers for a quarter of the work.
        x = functional.relu(functional.max_pool2d(self.conv1(x), 2))  # (B, 32, 12, 12)
        return functional.relu(functional.max_pool2d(self.conv2(x), 2))  # (B, 48, 4, 4)


class LargeDigitNetwork(DigitClassifier):
    """Five convolutions."""

    num_features = 128 * 3 * 3

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 5, padding=2)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv3 = nn.Conv2d(64, 64, 3, padding=1)
        self.conv4 = nn.Conv2d(64, 128, 3, padding=1)
        self.conv5 = nn.Conv2d(128, 128, 3, padding=1)
        self.fc1 = nn.Linear(self.num_features, 256)
        self.fc2 = nn.Linear(256, 128)
        self.fc3 = nn.Linear(128, NUM_CLASSES)
        # PyTorch's own start shrinks the signal in each of the eight layers.
        for name, parameter in self.named_parameters():
            if name.endswith("weight"):
                nn.init.kaiming_normal_(parameter, nonlinearity="relu")
            else:
                nn.init.zeros_(parameter)

    def convolve(self, x: Tensor) -> Tensor:
        x = functional.relu(functional.max_pool2d(self.conv1(x), 2))  # (B, 32, 14, 14)
        x = functional.relu(self.conv2(x))
        x = functional.relu(functional.max_pool2d(self.conv3(x), 2))  # (B, 64, 7, 7)
        x = functional.relu(self.conv4(x))
        return functional.relu(functional.max_pool2d(self.conv5(x), 2))  # (B, 128, 3, 3)


class DomainClassifier(nn.Module):
    """Tells target features from source features.

    Shape:
        Input (B, num_features); output (B, 1): the logit of "target".
    """

    def __init__(self, num_features: int = DigitNetwork.num_features) -> None:
        super().__init__()
        self.fc1 = nn.Linear(num_features, NUM_HIDDEN)
        self.fc2 = nn.Linear(NUM_HIDDEN, 1)

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.fc2(functional.relu(self.fc1(features)))
        return logits
