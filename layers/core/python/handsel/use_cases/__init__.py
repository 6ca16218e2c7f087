"""What callers and triggers do: load, decide, commit."""
