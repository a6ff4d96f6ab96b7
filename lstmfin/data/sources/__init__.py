"""Sources of prices, one module each; see ``lstmfin.registry.SOURCES``."""
