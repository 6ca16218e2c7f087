"""What DynamoDB documents, asked of everything that stands in for it: the table in memory, moto, the local engine."""
