"""Ways to a receiver, one package each. The seam is portal.domain.channels; portal.adapters.CHANNELS names them."""
