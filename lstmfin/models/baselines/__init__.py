"""Baselines, one file each: what any network has to beat."""
