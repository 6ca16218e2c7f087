"""Catalog: stores and products."""
