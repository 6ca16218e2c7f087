"""A postal address in a request."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator

from handsel.api.requests.base import Name, Request
from handsel.api.requests.optional import BlankLine, OptionalName, OrBlank, none_if_blank
from handsel.domain import addresses, models


def _without_blank(lines: list[str]) -> list[str]:
    written = [line for line in lines if line]
    if not written:
        raise ValueError("an address needs a line that is not blank")
    return written


class AddressRequest(Request):
    """A postal address. The country determines the required fields and the format of the postal code."""

    name: Annotated[Name, Field(description="The name of the person who receives the parcel.")]
    phone: Annotated[
        str,
        StringConstraints(max_length=100),
        AfterValidator(addresses.normalize_phone),
        Field(description="A phone number of 5 to 15 digits, in any format; an extension may follow."),
    ]
    lines: Annotated[
        list[BlankLine],
        Field(
            min_length=1,
            max_length=addresses.MAX_LINES,
            description="Street, house number and anything else that the carrier needs. Blank lines are removed.",
        ),
        AfterValidator(_without_blank),
    ]
    country: Annotated[
        str,
        StringConstraints(pattern="^[A-Za-z]{2}$"),
        AfterValidator(addresses.normalize_country),
        Field(description="The two-letter ISO 3166-1 code, or XK for Kosovo."),
    ]
    # Their rules depend on the country, which is therefore validated before, also if they are absent.
    city: OptionalName = Field(None, validate_default=True, description="The city. Required in most countries.")
    region: OptionalName = Field(
        None,
        validate_default=True,
        description="The state, province, prefecture or emirate, as a code or a name. Required in US, CA and AU.",
    )
    postal_code: Annotated[
        Annotated[str, StringConstraints(max_length=20)] | None, BeforeValidator(none_if_blank), OrBlank()
    ] = Field(
        None,
        validate_default=True,
        description="The postal code in the format of the country. Case, spaces and hyphens do not matter.",
    )

    @field_validator("city", "region")
    @classmethod
    def _follows_country(cls, value: str | None, info: ValidationInfo) -> str | None:
        field = "C" if info.field_name == "city" else "S"
        return addresses.require_field(value, field, info.data["country"]) if "country" in info.data else value

    @field_validator("postal_code")
    @classmethod
    def _has_format_of_country(cls, value: str | None, info: ValidationInfo) -> str | None:
        return addresses.normalize_postal_code(value, info.data["country"]) if "country" in info.data else value

    def value(self) -> models.Address:
        """Return the address."""
        return models.Address(
            name=self.name,
            phone=self.phone,
            lines=self.lines,
            city=self.city,
            region=self.region,
            postal_code=self.postal_code,
            country=self.country,
        )
