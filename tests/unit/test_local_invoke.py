"""What `python -m local invoke` says before it asks for Docker."""

from pathlib import Path

import pytest

from local import invoke
from local.settings import Settings
from tools import sample_events


def ask(event: str | None, function: str | None = None) -> int:
    return invoke.main(event, function, Settings(), {})


@pytest.mark.parametrize(
    ("event", "function", "message"),
    [
        (None, None, "Name an event:"),
        ("events/nothing.json", None, "The file events/nothing.json does not exist"),
        (str(sample_events.samples()[0].file), "NoFunction", "There is no function NoFunction"),
    ],
)
def test_invalid_arguments_are_reported(
    event: str | None, function: str | None, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(event, function) == 2
    assert message in capsys.readouterr().err


def test_a_custom_event_needs_its_function(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.json"
    own.write_text("{}")
    assert ask(str(own)) == 2
    assert f"Name the function for {own}:" in capsys.readouterr().err


def test_without_a_stack_it_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for reason in ("missing_command", "missing_containers"):
        monkeypatch.setattr(f"local.sam.{reason}", lambda: "")
    environ = {"LOCAL_DIR": str(tmp_path)}
    assert invoke.main(str(sample_events.samples()[0].file), None, Settings(port=9999), environ) == 1
    assert "LOCAL_BIND_HOST=0.0.0.0 PORT=9999 make up" in capsys.readouterr().err


def test_without_docker_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("local.sam.missing_command", lambda: "")
    monkeypatch.setattr("local.sam.missing_containers", lambda: "docker is not installed")
    assert ask(str(sample_events.samples()[0].file)) == 1
    assert "docker is not installed" in capsys.readouterr().err
