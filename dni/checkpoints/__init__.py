"""Files of weights: reading them safely, building networks, the catalogue and downloads."""
