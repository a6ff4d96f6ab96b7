"""Losses, one file each, and the predictive law that each of them trains."""
