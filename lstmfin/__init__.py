"""Forecasts of prices by recurrent networks in plain NumPy, and what they are worth."""

__version__ = "0.1.0"
