"""One function, by hand: the real `sam local invoke` with an event, on the table of the running local stack."""

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
from local.settings import DEFAULT_PORT, ROOT, Settings, explicit_directory
from local.state import Running, directory_for

FOLDER = ROOT / ".local" / "sam"


class NotNow(Exception):
    """Something is missing; the message says what to do."""


def main(event: str | None, function: str | None, settings: Settings, environ: Mapping[str, str]) -> int:
    """Show what the function answers. Answer the exit status: 1 when it does not, 2 for a question that makes no sense."""
    try:
        file, function = _asked(event, function)
    except NotNow as error:
        cli.say(str(error), error=True)
        return 2
    try:
        if reason := sam.missing_command() or sam.missing_containers():
            raise NotNow(f"This runs the function in a container, and {reason}.")
        stack = _stack(settings, environ)
        command = Sam.at(FOLDER / "home")
        built = _build(command)
        lambdas = Lambdas.prepare(command, FOLDER, built, stack.endpoint_url, _variables(stack.endpoint_url, function))
        answer = lambdas.invoke(function, file, logs=None)
    except (NotNow, SamError) as error:
        cli.say(str(error), error=True)
        return 1
    _show(answer)
    return 1 if isinstance(answer, dict) and "errorType" in answer else 0


def _asked(event: str | None, function: str | None) -> tuple[Path, str]:
    """Return the file, and the function it is for: given, or derived from the name of the file."""
    if not event:
        raise NotNow("Which event? make invoke EVENT=events/purchase_buy.json")
    file = Path(event)
    if not file.is_file():
        raise NotNow(
            f"There is no {event}. The events are in events/; docs/reference/events.md tells what each is about."
        )
    known = _functions()
    function = function or _function_of(file.stem, known)
    if function is None:
        raise NotNow(f"Which function is {event} for? make invoke EVENT={event} FUNCTION=PurchaseFunction")
    if function not in known:
        raise NotNow(f"There is no {function}. There are: {', '.join(sorted(known))}")
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
    directory = directory_for(settings.port, explicit_directory(environ))
    running = directory.read()
    start = f"LOCAL_BIND_HOST=0.0.0.0 {'' if settings.port == DEFAULT_PORT else f'PORT={settings.port} '}make up"
    if running is None or not running.ready or not directory.alive():
        raise NotNow(f"No stack is up on port {settings.port}, and its table is what is worked on. Start it: {start}")
    if running.settings["bind_host"] == "127.0.0.1":
        raise NotNow(
            "The stack listens on 127.0.0.1 alone, where containers do not reach it. "
            f"Start it anew, without its data, so that they do (and your network too): {start}"
        )
    return running


def _build(command: Sam) -> Path:
    """The folder of what `sam build` makes of the code as it is now."""
    built, stamp = FOLDER / "build", FOLDER / "build.version"
    version = fingerprint([ROOT / "template.yaml", *sources(ROOT / "functions"), *sources(ROOT / "layers")])
    if not stamp.exists() or stamp.read_text() != version:
        cli.say("Building (sam build) ...", error=True)
        stamp.unlink(missing_ok=True)
        command.run("build", "--build-dir", str(built), cwd=ROOT)
        stamp.write_text(version)
    return built


def _variables(endpoint_url: str, function: str) -> dict[str, str]:
    """The environment that the stack gave its own copy of the function."""
    with closing(aws.client("cloudformation", endpoint_url)) as stacks:
        resource = stacks.describe_stack_resource(StackName=STACK, LogicalResourceId=function)["StackResourceDetail"]
    with closing(aws.client("lambda", endpoint_url)) as functions:
        deployed = functions.get_function_configuration(FunctionName=resource["PhysicalResourceId"])
    variables: dict[str, str] = deployed["Environment"]["Variables"]
    return variables


def _show(answer: Any) -> None:
    """A body that is JSON, and everything else, laid out to be read."""
    text = answer
    if isinstance(answer, dict) and "statusCode" in answer:
        cli.say(str(answer["statusCode"]))
        text = answer["body"]
        if "json" in answer["headers"]["Content-Type"]:
            text = json.loads(text)
    cli.say(text if isinstance(text, str) else json.dumps(text, indent=2, ensure_ascii=False))
