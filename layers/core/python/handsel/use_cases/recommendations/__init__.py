"""Recommendations: learn preferences, recommend products."""
