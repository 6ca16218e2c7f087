"""The interface of the identity provider, as far as this service manages its users."""

from typing import Protocol


class IdentityProvider(Protocol):
    """An identity provider. Thread-safe."""

    def delete(self, user_id: str) -> None:
        """Delete the sign-in of a user. Idempotent; users of another provider are left alone.

        Raises:
            Exception: the provider did not answer, or refused. Repeat the call.
        """
        ...


class NoIdentities:
    """The users of a stack without a user pool of its own: another provider manages them."""

    def delete(self, user_id: str) -> None:
        """Do nothing."""


NO_IDENTITIES = NoIdentities()
