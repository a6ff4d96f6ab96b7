"""Recurrent networks in NumPy: cells, the driver that runs them, losses, optimisers, training."""
