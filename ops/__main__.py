"""Run an operators' command: python -m ops COMMAND.

    smoke    test a deployed stack: the whole story of a gift, in a minute, with users that it creates and deletes
    preflight show what the quotas and settings of the account let a stack hold, and what to ask for; read-only
    audit    check the whole table for inconsistencies; read-only
    explain  explain a gift, an order or a voucher: what happens next, and which rules of its policy decide; read-only
    settle   settle overdue gifts, payments, refunds and reminders
    replay   process again what Lambda gave up: stream records and inbound events
    recount  rebuild the counters and messages of users from their orders, gifts and holdings
    rollout  show and change which users have a feature
    refund-requests  list the refund requests that wait for an operator; read-only
    repaid   list the refunds that the payment provider refused, and mark one as repaid in another way
    decide-refund  approve or reject such a refund request
    reports  list the reports of users about gifts that wait for an operator; read-only
    close-report  close such a report, once it was decided about
    erasure  show which data of a deleted account was deleted, and which is kept; read-only
    logs     print the log lines of a request or with a text, of functions and API Gateway; read-only
    cost     show the cost of a gift at list prices; makes no requests
    capacity show how many gifts per second are possible, and which limit is reached first; makes no requests

Without --apply, nothing is written: settle, replay, recount, rollout, repaid, decide-refund and close-report list what they
would do.
Credentials, AWS_DEFAULT_REGION and AWS_ENDPOINT_URL come from the environment. Results go to stdout, progress and errors to
stderr.

Exit status: 0 success; 1 inconsistencies were found, or some of the work failed; 2 the command could not run.
"""

import argparse
import json
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from types import ModuleType

from botocore.exceptions import BotoCoreError, ClientError

from handsel.domain import errors
from handsel.domain.currencies import format_money
from handsel.domain.models import Money
from handsel.domain.rollout import Feature
from handsel.domain.times import format_timestamp, parse_timestamp
from handsel.runtime import clock, wiring
from handsel.runtime.settings import settings
from handsel.store import rollout as rollouts
from handsel.store import test_clock
from handsel.use_cases.operations.settling import SweepOutcome, sweep
from ops import erasure, held, logs, preflight, repaid, smoke
from ops import explain as explaining
from ops import recount as recounting
from ops import replay as replaying
from ops import reports as reporting
from ops import rollout as rolling_out
from ops import settle as settling
from ops.audit.findings import Finding
from ops.audit.run import Audit, audit
from ops.model.figures import Figures, figures
from ops.model.report import Section, capacity_page, cost_page
from ops.preflight.account import read_account
from ops.preflight.advice import blockers, report
from ops.scan import WholeTable
from ops.stack import CannotRunError, Stack, create_client, describe_stack

_MAX_SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.run:
            return int(options.run(options))
        stack = describe_stack(options.stack) if options.stack else Stack(options.table)
        # The environment that template.yaml gives the functions, so that the wiring is the same.
        os.environ |= {
            "TABLE_NAME": stack.table_name,
            "CLAIM_WINDOW_SECONDS": stack.parameters.get("ClaimWindowSeconds", "86400"),
            "PAYMENT_PROVIDER": stack.payment_provider,
            "BUS_NAME": stack.bus_name,
            "READ_TIMEOUT_SECONDS": "20",
        }
        settings.cache_clear()
        # Overdue is what is due by the time of the stack. A table alone does not tell whether its stack has a test clock.
        if stack.parameters.get("TestClock", "true") == "true":
            clock.set_offset(test_clock.get_offset(wiring.table()))
        table = WholeTable(wiring.table().client, stack.table_name)
        return int(options.command(table, stack, options))
    except CannotRunError as error:
        return _fail(str(error))
    except errors.ServiceUnavailable:
        return _fail("The table does not answer or is throttled. Try again, with --rate to read more slowly.")
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code"))
        return _fail(f"{error.operation_name} failed: {code}. {_HINTS.get(code, '')}")
    except BotoCoreError as error:
        return _fail(f"{error} Check the credentials, AWS_DEFAULT_REGION and AWS_ENDPOINT_URL.")
    except KeyboardInterrupt:
        return _fail("Interrupted. Work that was done remains; the command can be run again.")


_HINTS: Mapping[str, str] = {
    "ResourceNotFoundException": "The table does not exist: check --table and AWS_DEFAULT_REGION.",
    "AccessDeniedException": "Use credentials that have the permissions of an operator.",
    "UnrecognizedClientException": "The credentials are not valid: log in again.",
    "ExpiredTokenException": "The credentials have expired: log in again.",
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ops", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    def add_command(name: str, run: object, description: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=description, description=description)
        target = added.add_mutually_exclusive_group(required=True)
        target.add_argument("--stack", help="name of the CloudFormation stack")
        target.add_argument("--table", help="name of the table, if there is no stack")
        added.add_argument("--json", action="store_true", help="print the result as JSON")
        added.add_argument("--rate", type=_positive, help="maximum number of items to read per second in a scan")
        added.set_defaults(command=run, run=None)
        return added

    def add_writing_command(name: str, run: object, description: str) -> argparse.ArgumentParser:
        added = add_command(name, run, description)
        added.add_argument("--apply", action="store_true", help="write; without it, list what would be done")
        return added

    audit_command = add_command("audit", _audit, "Check the whole table for inconsistencies; read-only.")
    audit_command.add_argument("--segments", type=_positive, default=4, help="number of parallel readers (4)")
    _add_waiting_options(audit_command)
    explain_command = add_command(
        "explain", _explain, "Explain a gift, an order or a voucher: what happens next, and which rules decide."
    )
    explain_command.add_argument("id", help="ID of the gift, the order or the holding")
    settle_command = add_writing_command("settle", _settle, "Settle overdue gifts, payments, refunds and reminders.")
    settle_command.add_argument(
        "--scan", action="store_true", help="also scan the table for overdue items that the due index lacks"
    )
    settle_command.add_argument("--seconds", type=_positive, default=900, help="stop after this many seconds (900)")
    replay_command = add_writing_command("replay", _replay, "Process again what Lambda gave up. Requires --stack.")
    replay_command.add_argument(
        "--delete", action="store_true", help="with --apply: remove each object or message that was processed"
    )
    replay_command.add_argument(
        "--source",
        choices=_SOURCES,
        action="append",
        help="process only this source; can be repeated; all by default: " + ", ".join(_SOURCES),
    )
    recount_command = add_writing_command("recount", _recount, "Rebuild the counters and messages of users.")
    users = recount_command.add_mutually_exclusive_group(required=True)
    users.add_argument("--user", action="append", help="user id; can be repeated")
    users.add_argument("--all", action="store_true", help="all users whose counters or messages an audit finds wrong")
    _add_waiting_options(recount_command)
    rollout_command = add_writing_command("rollout", _rollout, "Show and change which users have a feature.")
    rollout_command.add_argument("feature", nargs="?", choices=list(Feature), help="the feature; all by default")
    switch = rollout_command.add_mutually_exclusive_group()
    switch.add_argument("--on", action="store_true", default=None, help="make the feature available")
    switch.add_argument("--off", dest="on", action="store_false", default=None, help="take the feature from everybody")
    rollout_command.add_argument(
        "--percent", type=_hundredths, metavar="PERCENT", help="share of the users, 0 to 100 with at most two decimals"
    )
    for option, description in (
        ("--allow", "give it to this user at any percentage"),
        ("--deny", "do not give it to this user at any percentage"),
        ("--forget", "remove this user from both lists"),
    ):
        rollout_command.add_argument(
            option, action="append", default=[], metavar="HANDLE", help=f"{description}; can be repeated"
        )
    for option, description in (("--from", "from this time on"), ("--until", "only before this time")):
        rollout_command.add_argument(
            option, type=_time, metavar="TIME", help=f"{description}, such as 2027-01-31T08:00:00Z; `none` is no limit"
        )
    requests_command = add_command(
        "refund-requests", _refund_requests, "List the refund requests that wait for an operator; read-only."
    )
    requests_command.add_argument(
        "--held", action="store_true", required=True, help="those whose merchant reported that the goods did not arrive"
    )
    decide_command = add_writing_command(
        "decide-refund", _decide_refund, "Approve or reject a refund request that is held."
    )
    decide_command.add_argument("id", help="ID of the refund request")
    decision = decide_command.add_mutually_exclusive_group(required=True)
    decision.add_argument("--approve", action="store_true", help="refund the units, and repay the payer")
    decision.add_argument("--reject", action="store_true", help="end the request without a refund")
    add_command("reports", _reports, "List the reports of users about gifts that wait for an operator; read-only.")
    close_command = add_writing_command("close-report", _close_report, "Close a report of a user about a gift.")
    close_command.add_argument("gift_id", help="ID of the gift")
    close_command.add_argument("user_id", help="ID of the user who reported it")
    erasure_command = add_command(
        "erasure", _erasure, "Show which data of a deleted account was deleted, and which is kept; read-only."
    )
    erasure_command.add_argument("user_id", help="ID of the user")
    repaid_command = add_writing_command(
        "repaid",
        _repaid,
        "List the refunds that the provider permanently refused, and mark one as repaid in another way.",
    )
    repaid_command.add_argument("id", nargs="?", help="ID of the refund that was repaid; without it, all are listed")
    logs_command = add_command("logs", _logs, "Print log lines of functions and of API Gateway. Requires --stack.")
    wanted = logs_command.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--request-id", help="lines of this request: the header x-request-id of its response")
    wanted.add_argument("--text", help="lines that contain this")
    logs_command.add_argument("--hours", type=_positive, default=24, help="search only the last hours (24)")
    for name, page, description in (
        ("cost", cost_page, "Show the cost of a gift at list prices."),
        ("capacity", capacity_page, "Show how many gifts per second are possible, and which limit is reached first."),
    ):
        added = commands.add_parser(name, help=description, description=description)
        added.add_argument("--json", action="store_true", help="print the result as JSON")
        added.set_defaults(run=partial(_print_page, page))
    smoke_command = commands.add_parser(
        "smoke",
        help="Test a deployed stack.",
        description=_description(smoke),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    smoke_command.add_argument("--stack", required=True, help="name of the CloudFormation stack")
    smoke_command.add_argument("--url", help="public URL of the API, if it is not the output ApiUrl")
    smoke_command.set_defaults(run=_smoke)
    preflight_command = commands.add_parser(
        "preflight",
        help="Show what the quotas of the account let a stack hold, and what to ask for; read-only.",
        description=_description(preflight),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    preflight_command.add_argument("--stack", default="handsel", help="name of the stack, deployed or not (handsel)")
    preflight_command.add_argument(
        "--gifts", type=_positive, default=100, help="gifts per second that the stack is to hold (100)"
    )
    preflight_command.set_defaults(run=_preflight)
    return parser


def _description(package: ModuleType) -> str:
    """Return the docstring of a package, without the list of its modules."""
    return str(package.__doc__).partition("\n\nModules:")[0]


def _add_waiting_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--grace",
        type=int,
        default=300,
        help="seconds after which due work, or a projection that is still missing, is reported (300)",
    )
    parser.add_argument(
        "--recheck-after", type=float, default=5.0, help="seconds before suspects are read for the last time (5)"
    )


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


def _hundredths(text: str) -> int:
    """Return a percentage in hundredths of a percent."""
    if not re.fullmatch(r"[0-9]{1,3}([.][0-9]{1,2})?", text) or (hundredths := round(float(text) * 100)) > 100_00:
        raise argparse.ArgumentTypeError("not a percentage from 0 to 100 with at most two decimals")
    return hundredths


_NO_LIMIT = "none"


def _time(text: str) -> int | str:
    """Return a time in milliseconds since the epoch, or `none`."""
    if text == _NO_LIMIT:
        return text
    try:
        return parse_timestamp(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


# --- the commands ----------------------------------------------------------------------------------------------------


def _audit(table: WholeTable, _: Stack, options: argparse.Namespace) -> int:
    result = _run_audit(table, options, segments=options.segments)
    if options.json:
        _print_json(
            {
                "items": result.items,
                "seconds": round(result.seconds, 1),
                "suspects": result.suspects,
                "findings": [finding.as_dict() for finding in result.findings],
                "money": {currency: sums.as_dict() for currency, sums in result.money.items()},
            }
        )
    else:
        _print_findings(result.findings)
        for currency, sums in result.money.items():
            _print(
                ", ".join(
                    f"{name.replace('_', ' ')} {format_money(Money(amount, currency))}"
                    for name, amount in sums.as_dict().items()
                )
            )
        rate = result.items / result.seconds
        _print(
            f"{result.items} items in {result.seconds:.1f} s ({rate:.0f} per second); {len(result.findings)} findings."
        )
        if not result.findings:
            _print("The table is consistent: every unit is in exactly one place.")
    return 1 if result.findings else 0


def _run_audit(table: WholeTable, options: argparse.Namespace, segments: int = 4) -> Audit:
    return audit(
        table,
        clock=clock.now_ms,
        grace_ms=options.grace * 1000,
        log=_log,
        segments=segments,
        rate=options.rate,
        recheck_after=options.recheck_after,
    )


def _erasure(table: WholeTable, _: Stack, options: argparse.Namespace) -> int:
    report = erasure.describe(table, options.user_id, now=clock.now_ms())
    if options.json:
        _print_json(report)
    else:
        _print_lines(erasure.format_lines(report))
    return 0


def _explain(table: WholeTable, _: Stack, options: argparse.Namespace) -> int:
    try:
        found = explaining.explain(table, options.id, now=clock.now_ms())
    except errors.DataIntegrityError as error:
        raise CannotRunError(
            f"The items cannot be explained: {error}. Use a checkout of the deployed version."
        ) from error
    if found is None:
        raise CannotRunError("There is no gift and no order with this ID.")
    if options.json:
        _print_json(asdict(found))
    else:
        _print_all(explaining.describe(found))
    return 0


def _settle(table: WholeTable, _: Stack, options: argparse.Namespace) -> int:
    entries = settling.find_overdue(table, clock=clock.now_ms, scan=options.scan, log=_log, rate=options.rate)
    if not options.apply:
        if options.json:
            _print_json({"due": [{"kind": kind, "id": item_id} for kind, item_id in entries]})
        else:
            _print_lines(f"{kind} {item_id}" for kind, item_id in entries)
            due = ", ".join(f"{count} {kind}" for kind, count in settling.count_by_kind(entries).items())
            _print(f"Due: {due or 'nothing'}. Nothing was written" + _apply_hint(bool(entries)))
        return 0
    failures: dict[str, str] = {}

    def record_failure(item_id: str, error: Exception) -> None:
        # The texts of other errors may contain personal data.
        detail = f": {error}" if isinstance(error, errors.DataIntegrityError) else ""
        failures[item_id] = type(error).__name__ + detail

    report = sweep(
        table,
        wiring.payments(),
        clock=clock.now_ms,
        deadline=clock.now_ms() + options.seconds * 1000,
        on_failure=record_failure,
        entries=settling.log_progress(entries, _log),
    )
    done = {**{str(each): report.outcomes[each] for each in SweepOutcome}, "finished": report.finished}
    if options.json:
        _print_json({**done, "failed": failures})
    else:
        _print_lines(f"could not settle {item_id}: {detail}" for item_id, detail in failures.items())
        _print(", ".join(f"{name} {count}" for name, count in done.items()))
        if not report.finished:
            _print("Stopped after --seconds; more is due: run it again.")
    return 0 if report.finished and not failures else 1


_SOURCES = ("bucket", "unprojected", "refused")


def _replay(table: WholeTable, stack: Stack, options: argparse.Namespace) -> int:
    if not stack.bucket:
        raise CannotRunError("replay requires --stack, to look up the bucket and the queues.")
    if options.delete and not options.apply:
        raise CannotRunError("--delete requires --apply.")
    flags = {"apply": options.apply, "delete": options.delete}
    results: list[replaying.Replayed] = []
    for source in options.source or _SOURCES:
        match source:
            case "bucket":
                found = replaying.replay_failed_records(
                    create_client("s3"), stack.bucket, table, clock=clock.now_ms, **flags
                )
            case "unprojected":
                found = replaying.replay_unprojected(
                    create_client("sqs"),
                    stack.unprojected,
                    create_client("dynamodbstreams"),
                    table,
                    wiring.bus().publish,
                    clock=clock.now_ms,
                    **flags,
                )
            case _:
                found = replaying.replay_refused_inputs(
                    create_client("sqs"), stack.refused, create_client("lambda"), stack.inbound, **flags
                )
        for result in found:
            results.append(result)
            if not options.json:
                _print(f"{result.source} {result.name}: {result.detail}")
    if options.json:
        _print_json(
            [{"source": each.source, "name": each.name, "done": each.done, "detail": each.detail} for each in results]
        )
    elif not options.apply:
        _print(f"{len(results)} waiting. Nothing was written" + _apply_hint(bool(results)))
    else:
        _print(f"{sum(each.done for each in results)} of {len(results)} done.")
    return 1 if options.apply and not all(each.done for each in results) else 0


def _recount(table: WholeTable, _: Stack, options: argparse.Namespace) -> int:
    users = options.user or sorted(
        {
            finding.group.partition("#")[2]
            for finding in _run_audit(table, options).findings
            if finding.type in recounting.FIXED_BY_RECOUNT
        }
    )
    remaining: list[Finding] = []
    for number, user_id in enumerate(users, 1):
        _log(f"recounting {number} of {len(users)}")
        if options.apply:
            recounting.recount(table, user_id, now=clock.now_ms())
        remaining += recounting.find_differences(table, user_id, now=clock.now_ms())
    if options.json:
        _print_json({"users": users, "findings": [finding.as_dict() for finding in remaining]})
    else:
        _print_findings(remaining)
        if options.apply:
            _print(f"{len(users)} users recounted; {len(remaining)} findings remain.")
        else:
            _print(f"{len(users)} users, {len(remaining)} findings. Nothing was written" + _apply_hint(bool(remaining)))
    return 1 if remaining and options.apply else 0


def _rollout(table: WholeTable, _: Stack, options: argparse.Namespace) -> int:
    dates = {"start": vars(options)["from"], "end": options.until}
    fields = {name: None if at == _NO_LIMIT else at for name, at in dates.items() if at is not None}
    fields |= {
        name: value for name, value in (("on", options.on), ("hundredths", options.percent)) if value is not None
    }
    changes = bool(fields or options.allow or options.deny or options.forget)
    if changes and options.feature is None:
        raise CannotRunError(f"Name the feature to change: {' or '.join(Feature)}.")
    before = after = rollouts.get(table)
    if changes:
        users = rolling_out.find_users(table, before, allow=options.allow, deny=options.deny, forget=options.forget)
        wanted = rolling_out.Change(fields, *users)
        before, after = rolling_out.change(table, options.feature, wanted, apply=options.apply)
    if options.json:
        _print_json({"features": rolling_out.as_dict(after), "written": options.apply and after != before})
        return 0
    features = list(Feature) if options.feature is None else [Feature(options.feature)]
    _print_all(rolling_out.describe(table, before, features))
    if not changes:
        return 0
    if after == before:
        _print("It is like that already. Nothing was written.")
        return 0
    _print("after the change, " + next(rolling_out.describe(table, after, features)))
    _print_all(rolling_out.describe_effect(table, features[0], before, after, now=clock.now_ms()))
    if options.apply:
        _print("Written. It is effective everywhere within 30 seconds.")
    else:
        _print("Nothing was written" + _apply_hint(has_work=True))
    return 0


def _refund_requests(table: WholeTable, _: Stack, options: argparse.Namespace) -> int:
    found = held.list_held(table, log=_log, rate=options.rate)
    if options.json:
        _print_json([held.as_dict(request) for request in found])
    else:
        for request in found:
            _print_all(held.describe(request))
        _print(f"{len(found)} held.")
    return 0


def _decide_refund(table: WholeTable, _: Stack, options: argparse.Namespace) -> int:
    request = held.decide(
        table, wiring.payments(), options.id, approve=options.approve, apply=options.apply, now=clock.now_ms()
    )
    if options.json:
        _print_json({**held.as_dict(request), "written": options.apply})
    else:
        _print_all(held.describe(request))
        if not options.apply:
            would = "refund its units and repay the payer" if options.approve else "end it without a refund"
            _print(f"This would {would}. Nothing was written" + _apply_hint(has_work=True))
    return 0


def _reports(table: WholeTable, _: Stack, options: argparse.Namespace) -> int:
    found, now = reporting.list_open(table), clock.now_ms()
    if options.json:
        _print_json([reporting.as_dict(reported, now=now) for reported in found])
    else:
        for reported in found:
            _print_all(reporting.describe(reported, now=now))
        _print(f"{len(found)} reported.")
    return 0


def _close_report(table: WholeTable, _: Stack, options: argparse.Namespace) -> int:
    now = clock.now_ms()
    reported = reporting.close(table, options.gift_id, options.user_id, apply=options.apply, now=now)
    if options.json:
        _print_json({**reporting.as_dict(reported, now=now), "written": options.apply})
    else:
        _print_all(reporting.describe(reported, now=now))
        if not options.apply:
            _print("This would close the report. Nothing was written" + _apply_hint(has_work=True))
    return 0


def _repaid(table: WholeTable, _: Stack, options: argparse.Namespace) -> int:
    if options.id is None:
        found = repaid.list_refused(table, log=_log, rate=options.rate)
    else:
        found = [repaid.mark(table, options.id, apply=options.apply)]
    if options.json:
        _print_json([repaid.as_dict(refund) for refund in found])
        return 0
    _print_all(map(repaid.describe, found))
    if options.id is None:
        _print(f"{len(found)} refused.")
    elif not options.apply:
        _print("This would mark it as repaid. Nothing was written" + _apply_hint(has_work=True))
    return 0


def _logs(_: WholeTable, stack: Stack, options: argparse.Namespace) -> int:
    if not stack.log_groups:
        raise CannotRunError("logs requires --stack, to look up the log groups.")
    client, hours = create_client("logs"), options.hours
    if options.request_id:
        lines = logs.find_request(client, stack.log_groups, options.request_id, hours=hours)
    else:
        lines = logs.find_text(client, stack.log_groups, [options.text], hours=hours)
    if options.json:
        _print_json([asdict(line) for line in lines])
    else:
        for line in lines:
            _print(f"{line.at}  {line.source}  {line.message}")
    if not lines:
        _log(f"No line within {hours} hours. New lines can take a minute to be found; --hours searches further back.")
    return 0 if lines else 1


def _smoke(options: argparse.Namespace) -> int:
    from ops.smoke.run import run  # imported here, because other commands need no HTTP client

    # As Ctrl-C: by default, SIGTERM ends the process before it deletes its users and takes its products off sale.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stack = describe_stack(options.stack)
    return run(stack, options.stack, options.url or stack.api_url, _print_now)


def _preflight(options: argparse.Namespace) -> int:
    account = read_account(create_client, options.stack)
    _print(
        f"Account {account.account_id or 'unknown'}, region {os.environ.get('AWS_DEFAULT_REGION') or 'of the profile'}\n"
    )
    _print_all(report(figures(), account, options.stack, options.gifts))
    return 1 if list(blockers(account, options.stack)) else 0


def _print_page(page: Callable[[Figures], Sequence[Section]], options: argparse.Namespace) -> int:
    sections = page(figures())
    if options.json:
        _print_json([asdict(section) for section in sections])
        return 0
    for section in sections:
        _print(f"{section.title}\n{'=' * len(section.title)}\n")
        if section.text:
            _print(f"{section.text.replace('**', '')}\n")
        if section.rows:
            table = [section.head, *([cell.replace("**", "") for cell in row] for row in section.rows)]
            widths = [max(map(len, column)) for column in zip(*table, strict=True)]
            for row in table:
                _print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
            _print("")
    return 0


# --- output ----------------------------------------------------------------------------------------------------------


def _print_findings(found: Sequence[Finding]) -> None:
    shown: Counter[str] = Counter()
    for finding in found:
        shown[finding.type] += 1
        if shown[finding.type] <= _MAX_SHOWN:
            since = "" if finding.since is None else f", since {format_timestamp(finding.since)}"
            _print(f"{finding.type} {finding.about}: {finding.detail}{since}  [fix: {finding.fix}]")
    for name, count in sorted(shown.items()):
        if count > _MAX_SHOWN:
            _print(f"{name}: {count - _MAX_SHOWN} more; --json lists all")


def _print_all(lines: Iterable[str]) -> None:
    for line in lines:
        _print(line)


def _print_lines(lines: Iterable[str]) -> None:
    for number, line in enumerate(lines):
        if number < _MAX_SHOWN:
            _print(line)
        elif number == _MAX_SHOWN:
            _print("... and more; --json lists all")


def _apply_hint(has_work: bool) -> str:
    return "; run it with --apply to write." if has_work else "."


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _print_now(text: str) -> None:
    _print(text)
    sys.stdout.flush()


def _print_json(value: object) -> None:
    json.dump(value, sys.stdout, indent=2)
    sys.stdout.write("\n")


def _log(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _fail(reason: str) -> int:
    _log(reason.strip())
    return 2


if __name__ == "__main__":
    sys.exit(main())
