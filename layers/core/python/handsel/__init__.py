"""Handsel: a serverless backend for giving."""

__version__ = "0.1.0"
