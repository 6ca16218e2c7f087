"""Compute the cost and the capacity of a stack from published prices and quotas, and from what was measured.

cost                what a gift costs at list prices
capacity            which limit is reached first
figures             the inputs: measured request units and times, settings of template.yaml
published           prices, quotas and latencies that others publish
report              both as sections of text and tables, for the commands and docs/reference
request_units.toml  calls and request units of each operation
measured_times.json processor time of each function
"""
