"""The policies of the stack, with the claim window that it is configured for."""

from handsel.domain import policy
from handsel.domain.policy import Policy
from handsel.runtime.settings import settings


def current() -> Policy:
    """Return the policy of new orders: the newest version of the one that the stack is configured for."""
    return policy.newest(settings().policy).with_window(settings().window_ms)


def find(ref: str) -> Policy:
    """Return the policy that an order or a gift refers to.

    Raises:
        DataIntegrityError: there is no such policy or version.
    """
    return policy.find(ref).with_window(settings().window_ms)
