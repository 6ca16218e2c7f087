"""An in-memory DynamoDB table for tests. It follows DynamoDB's documentation and has no faults of its own."""
