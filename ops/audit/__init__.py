"""Check a whole table for inconsistencies; read-only.

run           scan the table, and read each suspect again before it is reported
audit_index   what is kept in memory of each item, and issues of an item by itself
relations     issues between items
related_items items of one order, user or other item, read again by key
findings      the types of issues, and the command that fixes each
"""
