"""Targets, one module each; see ``lstmfin.registry.TARGETS``."""
