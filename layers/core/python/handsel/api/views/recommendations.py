"""Views of saved, viewed and recommended products."""

from collections.abc import Callable, Mapping
from typing import Self, cast

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from handsel.api.views.base import Timestamp
from handsel.api.views.products import ProductView, priced_fields
from handsel.domain.reasons import Reason
from handsel.domain.times import format_timestamp
from handsel.use_cases.recommendations.recommending import Recommendation, VisitedProduct


class SeenProduct(ProductView):
    """A tagged or viewed product, with its current price and other data.

    Attributes:
        at: the time at which the product was tagged, or viewed last.
    """

    at: Timestamp

    @classmethod
    def from_visit(cls, visited: VisitedProduct) -> Self:
        """Return the view of a tagged or viewed product."""
        return cls(**priced_fields(visited.product), at=format_timestamp(visited.at))


@with_config(ConfigDict(extra="forbid"))
class ReasonParams(TypedDict, total=False):
    """The names in the text of a reason. The code determines which are present.

    Attributes:
        title: the name of another product that the caller bought, tagged or viewed. Only with `also`.
        store: the name of the store. Only with `shopped`, `store` and `offered`.
    """

    title: str
    store: str


class RecommendedProduct(ProductView):
    """A recommended product, with its current price and other data.

    Attributes:
        reason_code: why the product is recommended.
        reason_params: the names in the text of the reason.
        reason: the text of the reason, rendered from `reason_code` and `reason_params` in the language of the request.
    """

    reason_code: Reason
    reason_params: ReasonParams
    reason: str

    @classmethod
    def from_recommendation(
        cls, recommendation: Recommendation, render: Callable[[str, Mapping[str, str]], str]
    ) -> Self:
        """Return the view of a recommendation.

        Args:
            render: renders the text of a reason code and its params; see `domain/texts.py`.
        """
        code, params = recommendation.reason, recommendation.reason_params
        return cls(
            **priced_fields(recommendation.product),
            reason_code=code,
            reason_params=cast("ReasonParams", params),
            reason=render(code, params),
        )
