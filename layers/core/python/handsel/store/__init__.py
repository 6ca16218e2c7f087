"""The table: `keys` is the data model, one module per entity, one method per access pattern."""
