"""The commands in docs/sign-in.md exist, with their options, in the AWS CLI: it is generated from the same models."""

import re
import shlex

import botocore.session
from botocore import xform_name

from local.settings import ROOT

GLOBAL_OPTIONS = {"query", "output", "region"}


def commands() -> list[list[str]]:
    text = (ROOT / "docs" / "sign-in.md").read_text()
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.strip()]


def test_every_command_exists_with_its_options() -> None:
    session = botocore.session.get_session()
    assert len(commands()) > 8
    for program, service, command, *arguments in commands():
        assert program == "aws"
        model = session.get_service_model(service)
        operations = {xform_name(name, "-"): name for name in model.operation_names}
        shape = model.operation_model(operations[command]).input_shape
        members = {xform_name(name, "-") for name in shape.members} if shape else set()
        options = {each.removeprefix("--") for each in arguments if each.startswith("--")}
        assert options <= members | GLOBAL_OPTIONS, command
        required = {xform_name(name, "-") for name in shape.required_members} if shape else set()
        assert required <= options, command
