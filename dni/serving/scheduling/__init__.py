"""Whose turn it is: the scheduler, the render queue and preemption."""
