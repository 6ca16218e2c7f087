"""Find the running local stack, and decide whether its data can be kept."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from local import state
from local.ops import main as run_ops
from local.settings import Settings, SettingsError
from local.state import Running


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ExitStack]:
    """Use another folder than that of the checkout. Locks that are entered are held until the test ends."""
    monkeypatch.setattr(state, "ROOT", tmp_path)
    for name in ("PORT", "LOCAL_DIR"):
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as locks:
        yield locks


def start(locks: ExitStack, port: int, path: Path) -> Path:
    directory = state.Directory(path)
    directory.path.mkdir(parents=True)
    directory.write(Running(1, asdict(Settings(port=port)), "version", "http://127.0.0.1:1", ready=True))
    lock = locks.enter_context(directory.lock.open("w"))
    fcntl.flock(lock, fcntl.LOCK_EX)
    return directory.path


def test_the_only_running_stack_is_found_on_any_port(running: ExitStack, tmp_path: Path) -> None:
    assert state.find_running({}) is None
    path = start(running, 8451, tmp_path / ".local")
    found = state.find_running({})
    assert found is not None
    assert found.path == path
    assert state.find_running({"PORT": "8452"}) is None


def test_of_several_running_stacks_one_has_to_be_named(running: ExitStack, tmp_path: Path) -> None:
    start(running, 8451, tmp_path / ".local")
    second = start(running, 8452, tmp_path / ".local/8452")
    with pytest.raises(SettingsError, match="set PORT to one of 8451, 8452"):
        state.find_running({})
    found = state.find_running({"PORT": "8452"})
    assert found is not None
    assert found.path == second


def test_operators_commands_are_listed_if_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_ops([])
    assert ended.value.code == 0
    assert {"audit", "settle", "replay", "recount"} <= set(capsys.readouterr().out.split())


@pytest.mark.usefixtures("running")
def test_operators_commands_need_a_running_stack(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_ops(["audit"]) == 2
    assert "make up" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({"claim_window_seconds": 30}, True),
        ({"policy": "wechat"}, True),
        ({"log_level": "DEBUG"}, True),
        ({"closed": True}, True),
        ({"stream": False}, True),
        ({"bind_host": "0.0.0.0"}, False),  # noqa: S104
        ({"port": 8451}, False),
    ],
)
def test_a_stack_keeps_its_data_unless_its_address_changes(changed: dict[str, object], kept: bool) -> None:
    stack = Running(1, asdict(Settings()), "version", "http://127.0.0.1:1")
    assert stack.can_become(replace(Settings(), **changed)) is kept  # type: ignore[arg-type]
