"""Training and measuring what the Transfer tab's views show; one view a module, listed in ``views.py``."""
