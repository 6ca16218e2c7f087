"""A creating call, as the use cases take it."""

from dataclasses import dataclass

from handsel.domain import errors, ids


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """Who calls, under which key, what for, and when. Repeated with the same key it is the same call.

    Attributes:
        request_hash: what it asks for, kept with what it makes.
        now: the clock of the deciding process, in milliseconds since the epoch.
    """

    caller: str
    idempotency_key: str
    request_hash: str
    now: int

    def derive_id(self, kind: str) -> str:
        """The id of the `kind` of thing this call makes: the same whenever it is repeated."""
        return ids.derive_id(kind, self.caller, self.idempotency_key)

    def require_same_request(self, request_hash: str) -> None:
        """What is there under this call's id was made by this call, not by another one with the same key.

        Raises:
            IdempotencyKeyReused
        """
        if request_hash != self.request_hash:
            raise errors.IdempotencyKeyReused
