"""A deterministic simulator: the production use cases and store on an in-memory table, in virtual time, with faults.

scheduler       virtual time, and which process runs when
fault_injection connections to the table, the payment provider and the bus, with the faults of each call
model           every state of every item, with the invariants checked after each write
environment     processes, consumers of the stream, time to live, the sweep; the fault plan of a run
operations      the operations of users, and the conditions for a correct answer
scenario        the steps of one run, drawn from a seed, and the checks at its end
shrink          the smallest part of a failing run that still fails
harness         one table for one test: calls one after the other, with faults at chosen calls
"""
