"""A deterministic simulator: the production use cases and store over a table in memory, virtual time, and faults everywhere.

scheduler   virtual time, and who runs when
network     what lies between a process and the table, the payment provider and the bus, and what goes wrong there
ledger      what was written: the law after every write, and every state there ever was
world       processes, the consumers of the stream, TTL, the sweep
asks        what people ask for, and what makes an answer right
scenario    what happens in one run, drawn from a seed; and what has to hold when it is over
shrink      the smallest part of a failing run that still fails
"""
