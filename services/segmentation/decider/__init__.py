"""Deciders of purchases, customers and cut-offs."""
