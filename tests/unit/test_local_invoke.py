"""Errors of `python -m local invoke` before it needs Docker."""

from pathlib import Path

import pytest

from local import invoke
from local.settings import Settings
from tools import sample_events


def run_invoke(event: str | None, function: str | None = None) -> int:
    return invoke.main(event, function, Settings(), {})


@pytest.mark.parametrize(
    ("event", "function", "error"),
    [
        (None, None, "Name an event:"),
        ("events/nothing.json", None, "The file events/nothing.json does not exist"),
        (str(sample_events.samples()[0].file), "NoFunction", "There is no function NoFunction"),
    ],
)
def test_an_invalid_argument_is_reported(
    event: str | None, function: str | None, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_invoke(event, function) == 2
    assert error in capsys.readouterr().err


def test_an_event_that_is_not_a_sample_needs_a_function_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.json"
    own.write_text("{}")
    assert run_invoke(str(own)) == 2
    assert f"Name the function for {own}:" in capsys.readouterr().err


def test_without_a_running_stack_the_error_names_the_command_that_starts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for reason in ("missing_command", "missing_containers"):
        monkeypatch.setattr(f"local.sam.{reason}", lambda: "")
    environ = {"LOCAL_DIR": str(tmp_path)}
    assert invoke.main(str(sample_events.samples()[0].file), None, Settings(port=9999), environ) == 1
    assert "LOCAL_BIND_HOST=0.0.0.0 PORT=9999 make up" in capsys.readouterr().err


def test_without_docker_the_error_names_docker(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("local.sam.missing_command", lambda: "")
    monkeypatch.setattr("local.sam.missing_containers", lambda: "docker is not installed")
    assert run_invoke(str(sample_events.samples()[0].file)) == 1
    assert "docker is not installed" in capsys.readouterr().err
