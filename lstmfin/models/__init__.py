"""Models: what learns from prices and says a law of the returns to come."""
