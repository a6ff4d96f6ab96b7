"""What forecasts and strategies are measured by: pure functions on arrays."""
