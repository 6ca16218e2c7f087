"""Run the local stack: python -m local up | down | status | env | clock | logs | run | demo | invoke.

    up      start a stack in the background, and wait until it is ready
    down    stop it; without PORT or LOCAL_DIR, stop all stacks of this checkout
    status  list the running stacks
    env     print shell variables for curl: eval "$(python -m local env)"
    clock   print the time of the running stack; --advance moves it forward by seconds (docs/test-clock.md)
    logs    print the logs of the functions; --text selects lines, such as those of a request id, and --follow waits for more
    run     start a stack in the foreground
    demo    demonstrate all features on a temporary stack
    invoke  invoke a function with --event by `sam local invoke`, on the table of the running stack

local/settings.py lists the environment variables.
"""

import argparse
import os
import sys

from local import cli, demo, env
from local.settings import SettingsError, from_environment


def main() -> int:
    """Run a command. Return the exit status: 0 done, 1 failed (the reason is on stderr), 2 invalid arguments or settings."""
    parser = argparse.ArgumentParser(
        prog="python -m local", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = ["up", "down", "status", "env", "clock", "logs", "run", "demo", "invoke"]
    parser.add_argument("command", choices=commands)
    parser.add_argument(
        "--no-stream",
        action="store_true",
        help="neither expire items nor deliver stream records, so that only the sweep settles",
    )
    parser.add_argument("--event", help="invoke: the file of the event, such as events/purchase_buy.json")
    parser.add_argument("--function", help="invoke: the function, if the name of the file does not start with it")
    parser.add_argument("--advance", default="", help="clock: by how many seconds")
    parser.add_argument("--text", default="", help="logs: only lines that contain this")
    parser.add_argument("--follow", action="store_true", help="logs: wait for further lines")
    options = parser.parse_args()
    try:
        settings = from_environment(os.environ, stream=not options.no_stream)
    except SettingsError as error:
        cli.say(str(error), error=True)
        return 2
    match options.command:
        case "up":
            return cli.up(settings)
        case "down":
            return cli.down()
        case "status":
            return cli.status()
        case "env":
            return env.main(settings)
        case "clock":
            return _clock(options.advance)
        case "logs":
            return _logs(options.text, follow=options.follow)
        case "run":
            return cli.run(settings)
        case "invoke":
            from local import invoke

            return invoke.main(options.event, options.function, settings, os.environ)
        case _:
            return demo.main()


def _clock(seconds: str) -> int:
    from local import clock

    directory = cli.find_or_explain(os.environ)
    return 2 if directory is None else clock.main(directory, seconds)


def _logs(text: str, *, follow: bool) -> int:
    from local import logs

    directory = cli.find_or_explain(os.environ)
    return 2 if directory is None else logs.main(directory, text, follow=follow)


if __name__ == "__main__":
    sys.exit(main())
