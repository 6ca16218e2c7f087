"""Read and advance the test clock of the running stack, as a demo user."""

from contextlib import closing

from local import cli
from local.client import Client, advance_clock, read_stack
from local.state import Directory
from local.test_clock import PATH


def main(directory: Directory, seconds: str) -> int:
    """Print the time, after advancing it. Return the exit status: 0 done, 2 invalid arguments."""
    if seconds and not (seconds.isascii() and seconds.isdigit() and int(seconds) > 0):
        cli.say(f"ADVANCE must be a number of seconds, such as 86400 for a day, not {seconds!r}.", error=True)
        return 2
    with closing(Client(read_stack(directory.path), "alice")) as alice:
        if seconds:
            advance_clock(alice, int(seconds))
        clock = alice.get(PATH).raise_for_status().json()
    cli.say(f"{clock['now']}, {clock['offset_seconds']} s ahead of real time.")
    if not seconds:
        cli.say("Advance it, by a day for example: make clock ADVANCE=86400")
    return 0
