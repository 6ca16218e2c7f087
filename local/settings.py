"""Everything the local stack reads from its environment.

PORT                    port of the API, 8787
CLAIM_WINDOW_SECONDS    length of the claim window, 86400
LOCAL_DIR               folder of one stack; without it the first stack lives in .local, and a further one, started
                        on another port while that runs, in .local/<port>
LOCAL_BIND_HOST         address to listen on, 127.0.0.1; 0.0.0.0 lets containers reach the engine
LOG_LEVEL               log level of the functions, INFO
"""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REGION = "us-east-1"
DEFAULT_PORT = 8787
# Only where whoever starts a stack says so.
_EVERYWHERE = "0.0.0.0"  # noqa: S104 # nosec B104


class SettingsError(Exception):
    """A value in the environment that makes no sense; the message names it."""


@dataclass(frozen=True)
class Settings:
    """What one stack was asked to be. Two stacks with equal settings are the same stack."""

    port: int = DEFAULT_PORT
    claim_window_seconds: int = 86400
    bind_host: str = "127.0.0.1"
    log_level: str = "INFO"
    # Off: nothing expires through the table, so that tests see what the sweep does alone.
    stream: bool = True

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """What `from_environment` reads these settings from, but for `stream`, which is an argument."""
        return {
            "PORT": str(self.port),
            "CLAIM_WINDOW_SECONDS": str(self.claim_window_seconds),
            "LOCAL_BIND_HOST": self.bind_host,
            "LOG_LEVEL": self.log_level,
        }

    def parameters(self) -> dict[str, str]:
        """Parameters of template.yaml."""
        return {
            "ClaimWindowSeconds": str(self.claim_window_seconds),
            "WebUrl": self.web_url,
            "SignInUrl": f"{self.web_url}/sign-in",
            "DeletionProtection": "false",
            "SubscriberQueue": "true",
            "Architecture": "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
            "LogLevel": self.log_level,
        }


def from_environment(environ: Mapping[str, str], *, stream: bool = True) -> Settings:
    """Raise SettingsError for a number that is none or out of range."""
    bind_host = environ.get("LOCAL_BIND_HOST") or "127.0.0.1"
    if bind_host not in ("127.0.0.1", _EVERYWHERE):
        raise SettingsError(
            "LOCAL_BIND_HOST must be 127.0.0.1 or 0.0.0.0: the functions call the engine on the loopback."
        )
    return Settings(
        port=_number(environ, "PORT", DEFAULT_PORT, 1, 65535),
        claim_window_seconds=_number(environ, "CLAIM_WINDOW_SECONDS", 86400, 1, 2592000),
        bind_host=bind_host,
        log_level=environ.get("LOG_LEVEL") or "INFO",
        stream=stream,
    )


def explicit_directory(environ: Mapping[str, str]) -> Path | None:
    """The folder LOCAL_DIR names, if it does."""
    value = environ.get("LOCAL_DIR")
    return (ROOT / value).resolve() if value else None


def cache_directory() -> Path:
    """Built archives, shared by all stacks of this checkout."""
    return Path(os.environ.get("LOCAL_CACHE_DIR") or ROOT / ".local" / "cache")


def _number(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise SettingsError(f"{name} must be a whole number from {low} to {high}, not {text!r}.")
    return int(text)
