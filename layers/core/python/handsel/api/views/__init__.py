"""Views: response bodies, as pydantic models, one module per resource.

`domain/privacy.py` decides which fields a caller may see.
"""
