"""What a restoration network is trained on: patches of photographs, degraded by the task of each end."""
