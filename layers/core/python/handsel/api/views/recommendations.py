"""Views of saved, viewed and recommended products."""

from typing import Self

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


class RecommendedProduct(ProductView):
    """A recommended product, as it is sold now. `reason` is a sentence to show to the user."""

    reason: str

    @classmethod
    def of_recommendation(cls, recommendation: "Recommendation") -> Self:
        """Return the view of a recommendation."""
        return cls(**priced_fields(recommendation.product, recommendation.product), reason=recommendation.reason)
