"""DynamoDB in memory, for tests: one table, evaluated as DynamoDB documents it, without faults of its own."""
