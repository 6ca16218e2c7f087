"""python -m ops audit | settle | replay | recount | cost | capacity

    audit    read the whole table, and say what is wrong in it; writes nothing
    settle   settle what is overdue: gifts, payments, refunds, reminders
    replay   do again what Lambda gave up: records of the stream, inputs of the bus
    recount  make an account's counts and messages again from its orders, gifts and holdings
    cost     what a gift costs at list prices; asks nobody
    capacity how many gifts a second there can be, and which limit comes first; asks nobody

Without --apply nothing is written: it is said what would be. Credentials, AWS_DEFAULT_REGION and AWS_ENDPOINT_URL are
those of the environment. What is found is on stdout, what is going on is on stderr.

Exit status: 0 nothing is wrong, or all was done; 1 something is wrong, or could not be done; 2 it could not run.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from botocore.exceptions import BotoCoreError, ClientError

from handsel.domain import errors
from handsel.domain.times import timestamp
from handsel.runtime import clock, wiring
from handsel.runtime.settings import settings
from handsel.use_cases.operations.settling import SweepOutcome, sweep
from ops import recount as recounting
from ops import replay as replaying
from ops import settle as settling
from ops.audit.findings import Finding
from ops.audit.run import Audit, audit
from ops.model.figures import figures
from ops.model.report import Section, capacity_page, cost_page
from ops.scan import WholeTable
from ops.stack import CannotRunError, Stack, client, described

_SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        if options.page:
            return _page(options.page(figures()), options)
        stack = described(options.stack) if options.stack else Stack(options.table)
        # The environment that template.yaml gives the functions: everything below is wired as they are.
        os.environ |= {
            "TABLE_NAME": stack.table_name,
            "CLAIM_WINDOW_SECONDS": "86400",  # settings need it; no command gives anything
            "BUS_NAME": stack.bus_name,
            "READ_TIMEOUT_SECONDS": "20",
        }
        settings.cache_clear()
        table = WholeTable(wiring.table().client, stack.table_name)
        return int(options.command(table, stack, options))
    except CannotRunError as error:
        return _cannot(str(error))
    except errors.ServiceUnavailable:
        return _cannot("The table does not answer, or throttles. Try again, with --rate to read slower.")
    except ClientError as error:
        said = error.response.get("Error", {})
        return _cannot(
            f"AWS refused {error.operation_name}: {said.get('Code')}. {_HINTS.get(str(said.get('Code')), '')}"
        )
    except BotoCoreError as error:
        return _cannot(f"{error} Look at the credentials, AWS_DEFAULT_REGION and AWS_ENDPOINT_URL.")
    except KeyboardInterrupt:
        return _cannot("Stopped. What was done is done; it may be done again.")


_HINTS: Mapping[str, str] = {
    "ResourceNotFoundException": "There is no such table here: look at --table and AWS_DEFAULT_REGION.",
    "AccessDeniedException": "These credentials may not do that: use an operator's role.",
    "UnrecognizedClientException": "Log in again: these credentials are not valid here.",
    "ExpiredTokenException": "Log in again: these credentials are over.",
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ops", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: object, said: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=said, description=said)
        where = added.add_mutually_exclusive_group(required=True)
        where.add_argument("--stack", help="name of the CloudFormation stack")
        where.add_argument("--table", help="name of the table, where there is no stack to ask")
        added.add_argument("--json", action="store_true", help="the result as JSON")
        added.add_argument("--rate", type=_positive, help="items to read a second at most, when all are read")
        added.set_defaults(command=run, page=None)
        return added

    def applied(name: str, run: object, said: str) -> argparse.ArgumentParser:
        added = command(name, run, said)
        added.add_argument("--apply", action="store_true", help="do it; without it: say what would be done")
        return added

    audited = command("audit", _audit, "Read the whole table, and say what is wrong in it.")
    audited.add_argument("--segments", type=_positive, default=4, help="readers side by side (4)")
    _add_waiting_options(audited)
    settled = applied("settle", _settle, "Settle what is overdue, one after the other.")
    settled.add_argument("--scan", action="store_true", help="read the whole table too, for what no index lists as due")
    settled.add_argument("--seconds", type=_positive, default=900, help="stop after so many seconds (900)")
    replayed = applied("replay", _replay, "Do again what Lambda gave up. Needs --stack.")
    replayed.add_argument("--delete", action="store_true", help="with --apply: remove what was done")
    replayed.add_argument(
        "--source", choices=_SOURCES, action="append", help="only this one; else all: " + ", ".join(_SOURCES)
    )
    recounted = applied("recount", _recount, "Make counts and messages again.")
    whose = recounted.add_mutually_exclusive_group(required=True)
    whose.add_argument("--user", action="append", help="user id; more than once for more")
    whose.add_argument("--all", action="store_true", help="of everybody with whom an audit finds them wrong")
    _add_waiting_options(recounted)
    for name, page, said in (
        ("cost", cost_page, "What a gift costs at list prices."),
        ("capacity", capacity_page, "How many gifts a second there can be, and which limit comes first."),
    ):
        added = commands.add_parser(name, help=said, description=said)
        added.add_argument("--json", action="store_true", help="the result as JSON")
        added.set_defaults(page=page)
    return parser


def _add_waiting_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--grace",
        type=int,
        default=300,
        help="seconds that something may be due, or not be followed by what follows from it, before that is wrong (300)",
    )
    parser.add_argument(
        "--recheck-after", type=float, default=5.0, help="seconds before what looks wrong is read for the last time (5)"
    )


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


# --- the commands ----------------------------------------------------------------------------------------------------


def _audit(table: WholeTable, _: Stack, options: argparse.Namespace) -> int:
    result = _audited(table, options, segments=options.segments)
    if options.json:
        _print_json(
            {
                "items": result.items,
                "seconds": round(result.seconds, 1),
                "suspects": result.suspects,
                "found": [finding.as_dict() for finding in result.found],
            }
        )
    else:
        _print_findings(result.found)
        rate = result.items / result.seconds
        _print(
            f"{result.items} items in {result.seconds:.1f} s ({rate:.0f} a second); {len(result.found)} things wrong."
        )
        if not result.found:
            _print("The law holds: every unit is in one place.")
    return 1 if result.found else 0


def _audited(table: WholeTable, options: argparse.Namespace, segments: int = 4) -> Audit:
    return audit(
        table,
        clock=clock.now_ms,
        grace_ms=options.grace * 1000,
        say=_say,
        segments=segments,
        rate=options.rate,
        recheck_after=options.recheck_after,
    )


def _settle(table: WholeTable, _: Stack, options: argparse.Namespace) -> int:
    entries = settling.overdue(table, clock=clock.now_ms, scan=options.scan, say=_say, rate=options.rate)
    if not options.apply:
        if options.json:
            _print_json({"due": [{"kind": kind, "id": item_id} for kind, item_id in entries]})
        else:
            _print_lines(f"{kind} {item_id}" for kind, item_id in entries)
            _print(f"Due: {settling.counted(entries) or 'nothing'}. Nothing was written" + _to_do(bool(entries)))
        return 0
    failures: dict[str, str] = {}

    def failed(item_id: str, error: Exception) -> None:
        failures[item_id] = (
            f"{type(error).__name__}: {error}" if isinstance(error, errors.DataIntegrityError) else _named(error)
        )

    report = sweep(
        table,
        wiring.payments(),
        clock=clock.now_ms,
        deadline=clock.now_ms() + options.seconds * 1000,
        on_failure=failed,
        entries=settling.telling(entries, _say),
    )
    done = {**{str(each): report.outcomes[each] for each in SweepOutcome}, "finished": report.finished}
    if options.json:
        _print_json({**done, "failed": failures})
    else:
        _print_lines(f"could not settle {item_id}: {said}" for item_id, said in failures.items())
        _print(", ".join(f"{name} {count}" for name, count in done.items()))
        if not report.finished:
            _print("The time was up: run it again.")
    return 0 if report.finished and not failures else 1


_SOURCES = ("bucket", "unprojected", "refused")


def _replay(table: WholeTable, stack: Stack, options: argparse.Namespace) -> int:
    if not stack.bucket:
        raise CannotRunError("replay has to ask CloudFormation for the bucket and the queues: name the --stack.")
    if options.delete and not options.apply:
        raise CannotRunError("--delete goes with --apply: what was not done is not removed.")
    how = {"apply": options.apply, "delete": options.delete}
    results: list[replaying.Replayed] = []
    for source in options.source or _SOURCES:
        match source:
            case "bucket":
                found = replaying.failed_records(client("s3"), stack.bucket, table, clock=clock.now_ms, **how)
            case "unprojected":
                found = replaying.unprojected(
                    client("sqs"),
                    stack.unprojected,
                    client("dynamodbstreams"),
                    table,
                    wiring.bus().publish,
                    clock=clock.now_ms,
                    **how,
                )
            case _:
                found = replaying.refused_inputs(client("sqs"), stack.refused, client("lambda"), stack.inbound, **how)
        for result in found:
            results.append(result)
            if not options.json:
                _print(f"{result.source} {result.name}: {result.said}")
    if options.json:
        _print_json(
            [{"source": each.source, "name": each.name, "done": each.done, "said": each.said} for each in results]
        )
    elif not options.apply:
        _print(f"{len(results)} waiting. Nothing was written" + _to_do(bool(results)))
    else:
        _print(f"{sum(each.done for each in results)} of {len(results)} done.")
    return 1 if options.apply and not all(each.done for each in results) else 0


def _recount(table: WholeTable, _: Stack, options: argparse.Namespace) -> int:
    users = options.user or sorted(
        {
            finding.group.partition("#")[2]
            for finding in _audited(table, options).found
            if finding.sort in recounting.FIXED_BY_RECOUNT
        }
    )
    left: list[Finding] = []
    for number, user_id in enumerate(users, 1):
        _say(f"recounting {number} of {len(users)}")
        if options.apply:
            recounting.recount(table, user_id, now=clock.now_ms())
        left += recounting.differences(table, user_id, now=clock.now_ms()).wrong
    if options.json:
        _print_json({"users": users, "wrong": [finding.as_dict() for finding in left]})
    else:
        _print_findings(left)
        if options.apply:
            _print(f"{len(users)} accounts recounted; {len(left)} things still wrong.")
        else:
            _print(f"{len(users)} accounts, {len(left)} things wrong. Nothing was written" + _to_do(bool(left)))
    return 1 if left and options.apply else 0


def _page(sections: Sequence[Section], options: argparse.Namespace) -> int:
    if options.json:
        _print_json([asdict(section) for section in sections])
        return 0
    for section in sections:
        _print(f"{section.title}\n{'=' * len(section.title)}\n")
        if section.said:
            _print(f"{section.said.replace('**', '')}\n")
        if section.rows:
            table = [section.head, *([cell.replace("**", "") for cell in row] for row in section.rows)]
            widths = [max(map(len, column)) for column in zip(*table, strict=True)]
            for row in table:
                _print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
            _print("")
    return 0


# --- telling ---------------------------------------------------------------------------------------------------------


def _print_findings(found: Sequence[Finding]) -> None:
    shown: Counter[str] = Counter()
    for finding in found:
        shown[finding.sort] += 1
        if shown[finding.sort] <= _SHOWN:
            since = "" if finding.since is None else f", since {timestamp(finding.since)}"
            _print(f"{finding.sort} {finding.about}: {finding.said}{since}  [{finding.mend}]")
    for sort, count in sorted(shown.items()):
        if count > _SHOWN:
            _print(f"{sort}: {count - _SHOWN} more; --json has all")


def _print_lines(lines: Iterable[str]) -> None:
    for number, line in enumerate(lines):
        if number < _SHOWN:
            _print(line)
        elif number == _SHOWN:
            _print("... and more; --json has all")


def _to_do(anything: bool) -> str:
    return "; --apply does it." if anything else "."


def _named(error: Exception) -> str:
    return type(error).__name__


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _print_json(value: object) -> None:
    json.dump(value, sys.stdout, indent=2)
    sys.stdout.write("\n")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _cannot(said: str) -> int:
    _say(said.strip())
    return 2


if __name__ == "__main__":
    sys.exit(main())
