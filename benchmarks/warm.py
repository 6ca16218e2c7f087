"""Measure the CPU time of a warm request of each function, with immediate responses from AWS, and the bytes it logs.

Y0 is the CPU time of one plain `put_item` of botocore, in the same process, in alternation. The goal is 1.3 Y0, plus one for
each further AWS call of the request.
"""

from collections.abc import Callable, Sequence

from benchmarks.fresh import BACKGROUND, REQUESTS, Fresh, recordings
from benchmarks.rows import Row, paired

ROUNDS = 15
# The number of AWS calls in a round, and the maximum number of requests in a round.
CALLS_A_ROUND, MAX_REQUESTS = 100, 20
FIRST_CALL, LOG_BYTES = 1.3, 600


def measure(say: Callable[[str], None], functions: Sequence[str] = tuple(REQUESTS)) -> list[Row]:
    rows = []
    with Fresh() as fresh:
        for function in functions:
            calls = len(recordings()[function].calls)
            requests = min(MAX_REQUESTS, -(-CALLS_A_ROUND // max(1, calls)))
            say(f"{function}, {ROUNDS} rounds of {requests} requests")
            took, logged = fresh.run("warm", function, fresh.artifacts.built, ROUNDS, requests)
            ours, reference = paired(took["warm"], took["put"])
            goal = FIRST_CALL + max(0, calls - 1)
            rows.append(Row("warm", f"{function}, CPU", ours * 1000, "ms", reference * 1000, "Y0", goal))
            rows.append(Row("warm", f"{function}, AWS calls", calls, ""))
            _, _, lines = logged.partition("--- warm ---\n")
            size = len(lines.partition("--- end ---")[0].encode()) / ROUNDS / requests
            rows.append(
                Row(
                    "warm",
                    f"{function}, logged",
                    round(size),
                    "bytes a request",
                    goal=None if function in BACKGROUND else LOG_BYTES,
                )
            )
    return rows
