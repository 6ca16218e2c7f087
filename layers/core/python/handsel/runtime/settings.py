"""Settings, from environment variables. No other module reads them."""

import os
from dataclasses import dataclass
from functools import cache

from handsel.domain.models import DAY_MS

# The payment providers that move no money.
WITHOUT_MONEY = frozenset({"none", "sandbox"})

# The default of the parameter ClaimWindowSeconds: the policy decides.
_WINDOW_OF_POLICY = 86_400


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a function.

    Attributes:
        table_name: the name of the table.
        read_timeout: the time to wait for a response of an AWS service, in seconds. A lost response is retried once.
        bus_name: the event bus of domain events; empty if the function publishes none.
        window_ms: the length of the claim window; None leaves it to the policy.
        policy: the id of the policy of new orders.
        address_retention_ms: the time after which the address of a parcel is erased, once no delivery is expected.
        payment_provider: `sandbox`, or `none` for a stack that sells nothing.
        content_checker: the moderation service: `none`, `sandbox`, or the ARN of a function.
        web_url: the origin of share links; empty means that of the distribution, or else of the API.
        link_keys_secret: the secret with the keys of share links and cursors; empty if the function needs none.
        origin_secret: the secret with the values of the header that the distribution adds; empty if the API answers
            requests to its own address.
        export_bucket: the bucket of exports; empty if the function needs none.
        user_pool_id: the user pool whose users the function deletes when they are erased; empty if there is none.
        sign_in_url, sign_in_client_id: the endpoint of the user pool and its client; empty if there is none.
        sign_in_mfa: whether the user pool offers two-step sign-in: OFF, OPTIONAL or ON.
        picture_hosts: the origins, other than that of the pages, that images of products are loaded from.
        has_test_clock: whether the time of the stack can be advanced (docs/test-clock.md).
        is_closed: whether the API answers every request except the health check with 503.
        connects_early: whether INIT opens a connection to the table for the first request: on Lambda, unless the
            connection would be part of a snapshot. (docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html)
    """

    table_name: str
    read_timeout: float
    bus_name: str
    window_ms: int | None
    policy: str
    address_retention_ms: int
    payment_provider: str
    content_checker: str
    web_url: str
    link_keys_secret: str
    origin_secret: str
    export_bucket: str
    user_pool_id: str
    sign_in_url: str
    sign_in_client_id: str
    sign_in_mfa: str
    picture_hosts: tuple[str, ...]
    has_test_clock: bool
    is_closed: bool
    connects_early: bool

    def __post_init__(self) -> None:
        """Refuse a test clock with a payment provider that moves money: advancing the clock would settle real payments.

        Raises:
            ValueError: the stack has both.
        """
        if self.has_test_clock and self.payment_provider not in WITHOUT_MONEY:
            raise ValueError(
                f"TEST_CLOCK=true requires PAYMENT_PROVIDER none or sandbox, not {self.payment_provider}: "
                "advancing the clock would settle real payments and refunds before their time"
            )


def log_level() -> str:
    """Return the lowest level of the log messages that are written. Programs that have no other settings log, too."""
    return os.environ.get("POWERTOOLS_LOG_LEVEL", "INFO")


@cache
def settings() -> Settings:
    """Return the settings, which are read once per process.

    Raises:
        KeyError: a variable that template.yaml sets is missing.
        ValueError: the stack has a test clock and real payments.
    """
    window = int(os.environ["CLAIM_WINDOW_SECONDS"])
    return Settings(
        table_name=os.environ["TABLE_NAME"],
        read_timeout=float(os.environ.get("READ_TIMEOUT_SECONDS", "3")),
        bus_name=os.environ.get("BUS_NAME", ""),
        window_ms=None if window == _WINDOW_OF_POLICY else window * 1000,
        policy=os.environ.get("POLICY", "douyin"),
        address_retention_ms=int(os.environ.get("ADDRESS_RETENTION_DAYS", "30")) * DAY_MS,
        payment_provider=os.environ.get("PAYMENT_PROVIDER", "none"),
        content_checker=os.environ.get("CONTENT_CHECKER", "none"),
        web_url=os.environ.get("WEB_URL", "").rstrip("/"),
        link_keys_secret=os.environ.get("LINK_KEYS_SECRET", ""),
        origin_secret=os.environ.get("ORIGIN_SECRET", ""),
        export_bucket=os.environ.get("EXPORT_BUCKET", ""),
        user_pool_id=os.environ.get("USER_POOL_ID", ""),
        sign_in_url=os.environ.get("SIGN_IN_URL", ""),
        sign_in_client_id=os.environ.get("SIGN_IN_CLIENT_ID", ""),
        sign_in_mfa=os.environ.get("SIGN_IN_MFA", "OFF"),
        picture_hosts=tuple(os.environ.get("PICTURE_HOSTS", "").split()),
        has_test_clock=os.environ.get("TEST_CLOCK") == "true",
        is_closed=os.environ.get("CLOSED") == "true",
        connects_early=os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") in ("on-demand", "provisioned-concurrency"),
    )
