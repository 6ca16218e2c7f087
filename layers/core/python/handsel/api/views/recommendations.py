"""Views of saved, viewed and recommended products."""

from typing import Self

from handsel.api.views.base import Timestamp
from handsel.api.views.products import ProductView, priced_fields
from handsel.domain.times import timestamp
from handsel.use_cases.recommendations.recommending import Recommendation, Seen


class SeenProduct(ProductView):
    """A product as it is sold now, to who tagged it or looked at it: `at` is when."""

    at: Timestamp

    @classmethod
    def of_seen(cls, seen: "Seen") -> Self:
        return cls(**priced_fields(seen.product, seen.product), at=timestamp(seen.at))


class RecommendedProduct(ProductView):
    """A product as it is sold now, and why it is recommended, as a person reads it."""

    reason: str

    @classmethod
    def of_recommendation(cls, recommendation: "Recommendation") -> Self:
        return cls(**priced_fields(recommendation.product, recommendation.product), reason=recommendation.reason)
