"""What :mod:`dni.render` stands on: one window through the network, and how a picture is cut into them."""
