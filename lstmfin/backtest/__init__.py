"""Backtests: folds that keep the future out, costs, and a verdict."""
