"""Requests, as pydantic models, one module per resource.

They are strict: an unknown field, `true` for 1 and `"1"` for 1 are rejected.
"""
