"""Check a whole table for inconsistencies; read-only.

run           scan the table, and read each suspect again before it is reported
audit_index   the data of each item that is kept in memory; finds issues within one item
relations     find issues between items
money         sum the money of all orders by currency
related_items read an order, user or other item again, with its related items
findings      the types of findings, and the command that fixes each
"""
