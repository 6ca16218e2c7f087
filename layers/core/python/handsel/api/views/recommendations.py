"""Views of saved, viewed and recommended products."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from handsel.api.views.base import Timestamp
from handsel.api.views.products import ProductView, priced_fields
from handsel.domain.times import timestamp
from handsel.use_cases.recommendations.recommending import Recommendation, Seen


class SeenProduct(ProductView):
    """A tagged or viewed product, as it is sold now. `at` is the time of the tag or of the latest view."""

    at: Timestamp

    @classmethod
    def of_seen(cls, seen: "Seen") -> Self:
        """Return the view of a tagged or viewed product."""
        return cls(**priced_fields(seen.product, seen.product), at=timestamp(seen.at))


ReasonCode = Literal["also", "shopped", "store", "popular", "offered", "viewed", "tagged", "bought"]


@with_config(ConfigDict(extra="forbid"))
class ReasonParams(TypedDict, total=False):
    """The names in the text of a reason: `title` with `also`, `store` with `shopped`, `store` and `offered`."""

    title: str
    store: str


class RecommendedProduct(ProductView):
    """A recommended product, as it is sold now.

    `reason` is rendered from `reason_code` and `reason_params` in the language of the request.
    """

    reason_code: ReasonCode
    reason_params: ReasonParams
    reason: str

    @classmethod
    def of_recommendation(
        cls, recommendation: "Recommendation", render: Callable[[str, Mapping[str, str]], str]
    ) -> Self:
        """Return the view of a recommendation.

        Args:
            render: renders the text of a reason code and its params; see `domain/texts.py`.
        """
        code, params = _reason_of(recommendation)
        return cls(
            **priced_fields(recommendation.product, recommendation.product),
            reason_code=code,
            reason_params=params,
            reason=render(code, params),
        )


def _reason_of(recommendation: "Recommendation") -> tuple[Any, Any]:
    """Return the code and the params of a reason. A recommendation has its sentence only: they are derived from it."""
    from handsel.domain.recommendations import SENTENCES, Reason

    store = recommendation.product.store_name
    for code, sentence in SENTENCES.items():
        if sentence.replace("{store}", store) == recommendation.reason:
            return code.value, {"store": store} if "{store}" in sentence else {}
    before, after = SENTENCES[Reason.ALSO].split("{title}")
    return Reason.ALSO.value, {"title": recommendation.reason.removeprefix(before).removesuffix(after)}
