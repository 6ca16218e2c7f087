"""Requests with an Idempotency-Key, as the use cases take them."""

from dataclasses import dataclass

from handsel.domain import errors, ids


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request with an idempotency key. A replay, the same request with the same key, has the same effect once.

    Attributes:
        caller: the id of the user who sends it.
        idempotency_key: the key that the client chose.
        request_hash: the hash of path and body, stored with the created entity.
        now: the clock of the process that handles it, in milliseconds since the epoch.
    """

    caller: str
    idempotency_key: str
    request_hash: str
    now: int

    def derive_id(self, kind: str) -> str:
        """Return the id of the entity of a `kind` that this request creates. A replay derives the same id."""
        return ids.derive_id(kind, self.caller, self.idempotency_key)

    def require_same_request(self, request_hash: str) -> None:
        """Check that an entity found under a derived id was created by this request, not by another one with its key.

        Raises:
            IdempotencyKeyReused
        """
        if request_hash != self.request_hash:
            raise errors.IdempotencyKeyReused
