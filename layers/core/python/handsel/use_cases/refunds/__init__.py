"""Refund requests: ask, decide, send goods back, and settle what is due."""
