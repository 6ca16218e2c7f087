"""Warm: CPU time of a request of each function, against a loopback that answers at once, and what it logs.

Y0 is the same for one `put_item` of botocore as it comes, in the same process, in turns. The goal is 1.3 of them, and one
for each further call of AWS that the request makes.
"""

from collections.abc import Callable, Sequence

from benchmarks.fresh import BEHIND, REQUESTS, Fresh, recordings
from benchmarks.rows import Row, paired

ROUNDS = 15
# Calls of AWS that the requests of a round make together: of those that make many it takes fewer.
CALLS_A_ROUND, MOST_REQUESTS = 100, 20
FIRST_CALL, LOG_BYTES = 1.3, 600


def measure(say: Callable[[str], None], functions: Sequence[str] = tuple(REQUESTS)) -> list[Row]:
    rows = []
    with Fresh() as fresh:
        for function in functions:
            calls = len(recordings()[function].calls)
            requests = min(MOST_REQUESTS, -(-CALLS_A_ROUND // max(1, calls)))
            say(f"{function}, {ROUNDS} rounds of {requests} requests")
            took, logged = fresh.run("warm", function, fresh.artifacts.built, ROUNDS, requests)
            ours, reference = paired(took["warm"], took["put"])
            goal = FIRST_CALL + max(0, calls - 1)
            rows.append(Row("warm", f"{function}, CPU", ours * 1000, "ms", reference * 1000, "Y0", goal))
            rows.append(Row("warm", f"{function}, calls of AWS", calls, ""))
            _, _, lines = logged.partition("--- warm ---\n")
            size = len(lines.partition("--- end ---")[0].encode()) / ROUNDS / requests
            rows.append(
                Row(
                    "warm",
                    f"{function}, logged",
                    round(size),
                    "bytes a request",
                    goal=None if function in BEHIND else LOG_BYTES,
                )
            )
    return rows
