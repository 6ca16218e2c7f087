"""A postal address in a request."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from handsel.api.requests.base import Line, Name, Request
from handsel.domain import models


class AddressRequest(Request):
    """A postal address.

    Attributes:
        name: the name of the person who gets the parcel.
        phone: the phone number for the carrier.
        lines: the street, building and apartment, in the order of the label.
        city: the city or town.
        postal_code: the postal code; empty where there is none.
        country: the country, as it is written on the label.
    """

    name: Name
    phone: Name
    lines: Annotated[list[Line], Field(min_length=1, max_length=5)]
    city: Name
    postal_code: Annotated[str, StringConstraints(max_length=20), AfterValidator(str.strip)]
    country: Name

    def value(self) -> models.Address:
        """Return the address."""
        return models.Address(self.name, self.phone, tuple(self.lines), self.city, self.postal_code, self.country)
