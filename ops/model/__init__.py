"""Compute the cost and the capacity of a stack from published prices and quotas and from measurements.

cost                the cost of a gift at list prices
capacity            the limits, in the order in which they are reached
figures             the inputs: measured request units and times, settings of template.yaml
published           published prices, quotas and latencies
report              cost and capacity as text and tables, for the commands and docs/reference
request_units.toml  calls and request units of each operation
measured_times.json processor time of each function
"""
