"""What an operator does by hand: audit, settle, replay, recount. Not part of what is deployed, and imported by nothing.

__main__    the commands
stack       where a stack is: its table, bucket and queues
scan        the whole table, read in parallel: the only Scan there is
facts       what an audit keeps of each item, and what is wrong with an item alone
relations   what is wrong between items
audit       both, over a whole table, each suspect asked for again before it is reported
settle      what is overdue
replay      what Lambda gave up: records of the stream, inputs of the bus
recount     the counts and messages of an account, from its orders, gifts and holdings
"""
