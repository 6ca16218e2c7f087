"""Who looks, and what they may see."""

from handsel.domain.models import Kind
from handsel.domain.privacy import Fact, Viewer, classify_viewer, may_see, product_fact, store_fact
from testkit.factories import gift


def test_what_is_for_nobody_is_not_shown_to_whom_it_belongs_either() -> None:
    assert may_see(Viewer.ANYONE, Fact.PRICE, own=True, delivered=True) is False


def test_what_is_for_everybody_needs_no_reason() -> None:
    assert may_see(Viewer.ANYONE, Fact.ENVELOPE)


def test_a_code_is_for_whom_it_belongs_to() -> None:
    assert may_see(Viewer.CLAIMER, Fact.VOUCHER_CODE, own=True)
    assert not may_see(Viewer.CLAIMER, Fact.VOUCHER_CODE)
    assert not may_see(Viewer.CLAIMER, Fact.VOUCHER_CODE, delivered=True)


def test_what_is_in_a_parcel_shows_once_it_is_there() -> None:
    assert may_see(Viewer.CLAIMER, Fact.PARCEL_PRODUCT, delivered=True)
    assert not may_see(Viewer.CLAIMER, Fact.PARCEL_PRODUCT)
    assert not may_see(Viewer.CLAIMER, Fact.PARCEL_PRODUCT, own=True)


def test_a_merchant_knows_where_a_parcel_goes_until_it_is_there() -> None:
    assert may_see(Viewer.MERCHANT, Fact.ADDRESS)
    assert not may_see(Viewer.MERCHANT, Fact.ADDRESS, delivered=True)


def test_vouchers_and_parcels_have_facts_of_their_own() -> None:
    assert (product_fact(Kind.VOUCHER), store_fact(Kind.VOUCHER)) == (Fact.VOUCHER_PRODUCT, Fact.VOUCHER_TITLE)
    assert (product_fact(Kind.PARCEL), store_fact(Kind.PARCEL)) == (Fact.PARCEL_PRODUCT, Fact.PARCEL_STORE)


def test_somebody_is_to_a_gift_what_they_did_with_it_first_and_what_it_says_of_them_then() -> None:
    given = gift("bob", recipient_id="carol")
    viewers = {caller: classify_viewer(given, caller) for caller in ("alice", "bob", "carol", "dave")}
    assert viewers == {
        "alice": Viewer.GIVER,
        "bob": Viewer.CLAIMER,
        "carol": Viewer.RECIPIENT,
        "dave": Viewer.ANYONE,
    }
    assert classify_viewer(gift("bob", recipient_id="bob"), "bob") is Viewer.CLAIMER
