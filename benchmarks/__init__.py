"""Measure latency and cost, compared with references in the same run: `python -m benchmarks`."""
