"""A deterministic simulator: the production use cases and store on an in-memory table, in virtual time, with faults.

scheduler       virtual time; decides which process runs
fault_injection connections to the table, the payment provider and the bus, with the faults of each call
model           every state of every item, with the invariants checked after each write
environment     processes, stream consumers, TTL, the sweep; the fault plan of a run
operations      the operations of users, and the conditions for a correct response
scenario        the steps of one run, drawn from a seed, and the checks at its end
shrink          the smallest part of a failing run that still fails
harness         one table for one test: sequential calls, with faults at chosen calls
"""
