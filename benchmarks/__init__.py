"""What Handsel costs and how fast it is, measured beside references in the same run: `python -m benchmarks`."""
