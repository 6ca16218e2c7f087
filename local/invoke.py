"""Invoke one function with an event by `sam local invoke`, on the table of the running local stack."""

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from local import aws, cli, sam, template
from local.deploy import STACK
from local.package import fingerprint, sources
from local.sam import Lambdas, Sam, SamError
from local.settings import DEFAULT_PORT, ROOT, Settings, SettingsError
from local.state import Running, find_running

FOLDER = ROOT / ".local" / "sam"


class CannotInvokeError(Exception):
    """The function cannot be invoked; the message has the fix."""


def main(event: str | None, function: str | None, settings: Settings, environ: Mapping[str, str]) -> int:
    """Print the response of the function. Return the exit status: 0 done, 1 failed, 2 invalid arguments."""
    try:
        file, function = _parse(event, function)
    except CannotInvokeError as error:
        cli.say(str(error), error=True)
        return 2
    try:
        if reason := sam.missing_command() or sam.missing_containers():
            raise CannotInvokeError(f"The function runs in a container, but {reason}.")
        stack = _stack(settings, environ)
        command = Sam.at(FOLDER / "home")
        built = _build(command)
        lambdas = Lambdas.prepare(command, FOLDER, built, stack.endpoint_url, _variables(stack.endpoint_url, function))
        response = lambdas.invoke(function, file, logs=None)
    except (CannotInvokeError, SamError) as error:
        cli.say(str(error), error=True)
        return 1
    _print_response(response)
    return 1 if isinstance(response, dict) and "errorType" in response else 0


def _parse(event: str | None, function: str | None) -> tuple[Path, str]:
    """Return the file, and the function it is for: given, or derived from the name of the file."""
    if not event:
        raise CannotInvokeError("Name an event: make invoke EVENT=events/purchase_buy.json")
    file = Path(event)
    if not file.is_file():
        raise CannotInvokeError(
            f"The file {event} does not exist. docs/reference/events.md lists the events in events/."
        )
    known = _functions()
    function = function or _function_of(file.stem, known)
    if function is None:
        raise CannotInvokeError(f"Name the function for {event}: make invoke EVENT={event} FUNCTION=PurchaseFunction")
    if function not in known:
        raise CannotInvokeError(f"There is no function {function}. The functions are: {', '.join(sorted(known))}")
    return file, function


def _functions() -> list[str]:
    """Return the logical ids of the template's functions."""
    resources = template.read()["Resources"]
    return [name for name, resource in resources.items() if resource["Type"] == "AWS::Serverless::Function"]


def _function_of(event: str, functions: Iterable[str]) -> str | None:
    """Return the function whose folder the name of a sample event starts with: `order_center_read` is not for `order`."""
    folders = {re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Function")).lower(): name for name in functions}
    matching = [folder for folder in folders if event.startswith(f"{folder}_")]
    return folders[max(matching, key=len)] if matching else None


def _stack(settings: Settings, environ: Mapping[str, str]) -> Running:
    try:
        directory = find_running(environ)
    except SettingsError as error:
        raise CannotInvokeError(str(error)) from error
    running = directory.read() if directory else None
    start = f"LOCAL_BIND_HOST=0.0.0.0 {'' if settings.port == DEFAULT_PORT else f'PORT={settings.port} '}make up"
    if running is None or not running.ready:
        raise CannotInvokeError(f"No stack is running, whose table is needed. Start it: {start}")
    if running.settings["bind_host"] == "127.0.0.1":
        raise CannotInvokeError(
            "The stack listens on 127.0.0.1 only, which containers cannot reach. Start a new one that they can reach "
            f"(and your network too); the data of this one is deleted: {start}"
        )
    return running


def _build(command: Sam) -> Path:
    """Run `sam build` unless its output is up to date. Return the folder of the output."""
    built, stamp = FOLDER / "build", FOLDER / "build.version"
    version = fingerprint([ROOT / "template.yaml", *sources(ROOT / "functions"), *sources(ROOT / "layers")])
    if not stamp.exists() or stamp.read_text() != version:
        cli.say("Building (sam build) ...", error=True)
        stamp.unlink(missing_ok=True)
        command.run("build", "--build-dir", str(built), cwd=ROOT)
        stamp.write_text(version)
    return built


def _variables(endpoint_url: str, function: str) -> dict[str, str]:
    """Return the environment variables of the function in the stack."""
    with closing(aws.client("cloudformation", endpoint_url)) as stacks:
        resource = stacks.describe_stack_resource(StackName=STACK, LogicalResourceId=function)["StackResourceDetail"]
    with closing(aws.client("lambda", endpoint_url)) as functions:
        deployed = functions.get_function_configuration(FunctionName=resource["PhysicalResourceId"])
    variables: dict[str, str] = deployed["Environment"]["Variables"]
    return variables


def _print_response(response: Any) -> None:
    """Print the status and the body of an HTTP response, or the whole response. JSON is indented."""
    text = response
    if isinstance(response, dict) and "statusCode" in response:
        cli.say(str(response["statusCode"]))
        text = response["body"]
        if "json" in response["headers"]["Content-Type"]:
            text = json.loads(text)
    cli.say(text if isinstance(text, str) else json.dumps(text, indent=2, ensure_ascii=False))
