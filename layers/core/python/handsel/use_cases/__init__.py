"""Use cases: the actions of callers and triggers. Each reads, decides and commits."""
