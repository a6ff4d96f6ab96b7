"""Prices: where they come from, how they are kept, and what a network sees of them."""
