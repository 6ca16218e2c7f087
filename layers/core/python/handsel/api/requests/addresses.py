"""A postal address in a request."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from handsel.api.requests.base import Line, Name, Request
from handsel.domain import models


class AddressRequest(Request):
    """A postal address."""

    name: Name
    phone: Name
    lines: Annotated[list[Line], Field(min_length=1, max_length=models.MAX_ADDRESS_LINES)]
    city: Name
    postal_code: Annotated[str, StringConstraints(max_length=20), AfterValidator(str.strip)]
    country: Name

    def value(self) -> models.Address:
        """Return the address."""
        return models.Address(self.name, self.phone, tuple(self.lines), self.city, self.postal_code, self.country)
