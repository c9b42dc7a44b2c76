"""What stands behind the Transfer tab: networks, live views and measured numbers; no training."""
