"""Read the settings of the local stack from environment variables.

PORT                    the port of the API; default 8787
CLAIM_WINDOW_SECONDS    the length of the claim window; default 86400, which leaves it to the policy
POLICY                  the policy of new orders: douyin (default), wechat, kakao or eu
LOCAL_DIR               the folder of the stack; by default .local, or .local/<port> if another stack runs in .local
LOCAL_BIND_HOST         the address to listen on; default 127.0.0.1; with 0.0.0.0, containers can reach the engine
LOG_LEVEL               the log level of the functions; default INFO
CLOSED                  true: the parameter Closed of template.yaml (docs/runbook.md, Recover the table); default false
"""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from handsel.domain.policy import load_policies

ROOT = Path(__file__).resolve().parent.parent
REGION = "us-east-1"
DEFAULT_PORT = 8787
# Only on request.
_EVERYWHERE = "0.0.0.0"  # noqa: S104 # nosec B104


class SettingsError(Exception):
    """An environment variable has an invalid value; the message names it."""


@dataclass(frozen=True)
class Settings:
    """The settings of a stack.

    Attributes:
        port: the port of the API.
        claim_window_seconds: the length of the claim window.
        bind_host: the address to listen on.
        log_level: the log level of the functions.
        closed: whether the stack is closed.
        policy: the policy of new orders.
        stream: whether items expire and stream records are delivered; off in tests of the sweep alone.
    """

    port: int = DEFAULT_PORT
    claim_window_seconds: int = 86400
    bind_host: str = "127.0.0.1"
    log_level: str = "INFO"
    closed: bool = False
    policy: str = "douyin"
    stream: bool = True

    @property
    def web_url(self) -> str:
        """Return the origin of the API and the pages."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Return the environment variables from which `from_environment` reads the same settings, except `stream`."""
        return {
            "PORT": str(self.port),
            "CLAIM_WINDOW_SECONDS": str(self.claim_window_seconds),
            "LOCAL_BIND_HOST": self.bind_host,
            "LOG_LEVEL": self.log_level,
            "CLOSED": str(self.closed).lower(),
            "POLICY": self.policy,
        }

    def parameters(self) -> dict[str, str]:
        """Return the parameters of template.yaml."""
        return {
            "ClaimWindowSeconds": str(self.claim_window_seconds),
            "Policy": self.policy,
            "WebUrl": self.web_url,
            "SignInUrl": f"{self.web_url}/sign-in",
            "DeletionProtection": "false",
            "PaymentProvider": "sandbox",
            "ContentChecker": "sandbox",
            "SubscriberQueue": "true",
            "Mfa": "OPTIONAL",
            # The demo users have an ID token without a session that could renew it.
            "TokenMinutes": "1440",
            "Architecture": "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
            "LogLevel": self.log_level,
            "TestClock": "true",
            "Closed": str(self.closed).lower(),
        }


def from_environment(environ: Mapping[str, str], *, stream: bool = True) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: a value is invalid.
    """
    bind_host = environ.get("LOCAL_BIND_HOST") or "127.0.0.1"
    if bind_host not in ("127.0.0.1", _EVERYWHERE):
        raise SettingsError(
            "LOCAL_BIND_HOST must be 127.0.0.1 or 0.0.0.0, because the functions call the engine on the loopback address."
        )
    return Settings(
        port=_number(environ, "PORT", DEFAULT_PORT, 1, 65535),
        claim_window_seconds=_number(environ, "CLAIM_WINDOW_SECONDS", 86400, 1, 2592000),
        bind_host=bind_host,
        log_level=environ.get("LOG_LEVEL") or "INFO",
        closed=environ.get("CLOSED") == "true",
        policy=_policy(environ),
        stream=stream,
    )


def explicit_directory(environ: Mapping[str, str]) -> Path | None:
    """Return the folder of LOCAL_DIR, or None if it is not set."""
    value = environ.get("LOCAL_DIR")
    return (ROOT / value).resolve() if value else None


def cache_directory() -> Path:
    """Return the folder of the built archives, which all stacks of this checkout share."""
    return Path(os.environ.get("LOCAL_CACHE_DIR") or ROOT / ".local" / "cache")


def _policy(environ: Mapping[str, str]) -> str:
    policy_id = environ.get("POLICY") or "douyin"
    if policy_id not in load_policies():
        raise SettingsError(f"POLICY must be one of {', '.join(load_policies())}, not {policy_id!r}.")
    return policy_id


def _number(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise SettingsError(f"{name} must be a whole number from {low} to {high}, not {text!r}.")
    return int(text)
