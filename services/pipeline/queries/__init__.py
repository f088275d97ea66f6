"""Queries answered from the stored opportunities."""
