"""The real handlers in this process, on an in-memory table made from template.yaml.

stack       call functions and routes, move the clock, deliver stream records
permissions check each AWS request against the role of the function that makes it
calls       every write operation, prepared so that it can be repeated
costs       every operation whose request units are measured
faults      a crash, a lost response or another call at a chosen call to the table
families    tables of any size, filled with items in every state
"""

import testkit.lambda_environment  # noqa: F401  # before anything reads the settings
