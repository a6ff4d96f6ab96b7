"""Features, one module each; see ``lstmfin.registry.FEATURES``."""
