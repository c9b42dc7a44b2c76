"""The digit classifier of the domain-adaptation experiments, and the classifier of domains.

Ganin et al., "Domain-Adversarial Training of Neural Networks", JMLR 2016, https://arxiv.org/abs/1505.07818,
figure 4a: two 5x5 convolutions with max pools, then 100-100-10 units; for the domain 100-1. No batch norm and
no dropout, so a blend of two networks needs no statistics of its own.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["DigitNetwork", "DomainClassifier"]

NUM_CLASSES = 10
NUM_FEATURES = 48 * 4 * 4
NUM_HIDDEN = 100


class DigitNetwork(nn.Module):
    """Classifies digits in colour.

    Shape:
        Input (B, 3, 28, 28), floating point, RGB in [0, 1]; output: logits (B, 10). The normalisation,
        the same in every domain, is inside.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 5)
        self.conv2 = nn.Conv2d(32, 48, 5)
        self.fc1 = nn.Linear(NUM_FEATURES, NUM_HIDDEN)
        self.fc2 = nn.Linear(NUM_HIDDEN, NUM_HIDDEN)
        self.fc3 = nn.Linear(NUM_HIDDEN, NUM_CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.classify(self.features(x))

    def features(self, x: Tensor) -> Tensor:
        """(B, 3, 28, 28) to the features (B, 768) that both classifiers read."""
        if x.ndim != 4 or x.shape[1:] != (3, 28, 28):
            raise ValueError(f"Expected digits of shape (B, 3, 28, 28), but got {tuple(x.shape)}.")
        # The ReLU after the pool: the same numbers for a quarter of the work.
        x = functional.relu(functional.max_pool2d(self.conv1(x - 0.5), 2))  # (B, 32, 12, 12)
        x = functional.relu(functional.max_pool2d(self.conv2(x), 2))  # (B, 48, 4, 4)
        return x.flatten(1)

    def hidden(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, 768) to both hidden layers, (B, 100) each, after their ReLU."""
        first = functional.relu(self.fc1(features))
        return first, functional.relu(self.fc2(first))

    def activations(self, x: Tensor) -> dict[str, Tensor]:
        """(B, 3, 28, 28) to what every layer gives, by name: features, both hidden layers, logits."""
        features = self.features(x)
        first, second = self.hidden(features)
        return {"features": features, "fc1": first, "fc2": second, "logits": self.fc3(second)}

    def classify(self, features: Tensor) -> Tensor:
        """Features (B, 768) to logits (B, 10)."""
        logits: Tensor = self.fc3(self.hidden(features)[1])
        return logits


class DomainClassifier(nn.Module):
    """Tells target features from source features.

    Shape:
        Input (B, 768); output (B, 1): the logit of "target".
    """

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(NUM_FEATURES, NUM_HIDDEN)
        self.fc2 = nn.Linear(NUM_HIDDEN, 1)

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.fc2(functional.relu(self.fc1(features)))
        return logits
