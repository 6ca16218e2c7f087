"""The HTTP side: parsing, identity, problems, schemas, views."""
