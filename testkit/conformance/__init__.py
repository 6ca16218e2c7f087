"""Compare the in-memory table, moto and the local engine with DynamoDB's documentation."""
