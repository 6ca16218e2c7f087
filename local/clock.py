"""Read and advance the test clock of the running stack, as a demo user."""

from contextlib import closing

from local import cli
from local.client import Client, read_stack
from local.state import Directory
from local.test_clock import PATH

# The most that a request may advance the clock.
MAX_SECONDS = 31_536_000


def main(directory: Directory, seconds: str) -> int:
    """Print the time, after advancing it. Return the exit status: 0 done, 1 failed, 2 invalid arguments."""
    if seconds and not (seconds.isascii() and seconds.isdigit() and int(seconds) > 0):
        cli.say(f"ADVANCE must be a number of seconds, such as 86400 for a day, not {seconds!r}.", error=True)
        return 2
    stack = read_stack(directory.path)
    with closing(Client(stack, "alice")) as alice:
        answer = alice.get(PATH)
        target = answer.json().get("offset_seconds", 0) + int(seconds or 0)
        is_done = not seconds
        while answer.is_success and not is_done:
            rest = min(max(target - answer.json()["offset_seconds"], 1), MAX_SECONDS)
            answer = alice.post(PATH, {"advance_seconds": rest})
            is_done = answer.is_success and answer.json()["done"] and answer.json()["offset_seconds"] >= target
            if answer.is_success and not is_done:
                cli.say(f"{answer.json()['now']} ...")
    if not answer.is_success:
        cli.say(f"The clock was not advanced: {answer.status_code} {answer.text}", error=True)
        return 1
    cli.say(f"{answer.json()['now']}, {answer.json()['offset_seconds']} s ahead of real time.")
    if not seconds:
        cli.say("Advance it, by a day for example: make clock ADVANCE=86400")
    return 0
