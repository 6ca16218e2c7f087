"""The visibility table: what each viewer may see."""

from handsel.domain.models import Kind
from handsel.domain.privacy import Fact, Viewer, classify_viewer, may_see, product_fact, store_fact
from testkit.factories import gift


def test_a_fact_that_a_viewer_never_sees_stays_hidden_from_an_owner_too() -> None:
    assert may_see(Viewer.ANYONE, Fact.PRICE, own=True, delivered=True) is False


def test_a_public_fact_is_visible_without_conditions() -> None:
    assert may_see(Viewer.ANYONE, Fact.ENVELOPE)


def test_a_voucher_code_is_visible_to_its_owner_only() -> None:
    assert may_see(Viewer.CLAIMER, Fact.VOUCHER_CODE, own=True)
    assert not may_see(Viewer.CLAIMER, Fact.VOUCHER_CODE)
    assert not may_see(Viewer.CLAIMER, Fact.VOUCHER_CODE, delivered=True)


def test_the_product_of_a_parcel_is_visible_after_delivery() -> None:
    assert may_see(Viewer.CLAIMER, Fact.PARCEL_PRODUCT, delivered=True)
    assert not may_see(Viewer.CLAIMER, Fact.PARCEL_PRODUCT)
    assert not may_see(Viewer.CLAIMER, Fact.PARCEL_PRODUCT, own=True)


def test_a_merchant_sees_the_address_of_a_parcel_until_nothing_is_left_to_do_with_it() -> None:
    assert may_see(Viewer.MERCHANT, Fact.ADDRESS)
    assert not may_see(Viewer.MERCHANT, Fact.ADDRESS, closed=True)
    assert may_see(Viewer.CLAIMER, Fact.ADDRESS, own=True, closed=True)


def test_the_words_of_an_ended_gift_are_visible_to_its_giver_and_claimers_only() -> None:
    assert {viewer for viewer in Viewer if may_see(viewer, Fact.BLESSING, ended=True)} == {Viewer.GIVER, Viewer.CLAIMER}
    assert {viewer for viewer in Viewer if may_see(viewer, Fact.BLESSING)} == {
        Viewer.ANYONE,
        Viewer.RECIPIENT,
        Viewer.GIVER,
        Viewer.CLAIMER,
    }


def test_only_the_merchant_sees_who_redeemed_a_voucher() -> None:
    assert {viewer for viewer in Viewer if may_see(viewer, Fact.REDEEMER, own=True)} == {Viewer.MERCHANT}


def test_vouchers_and_parcels_have_separate_facts() -> None:
    assert (product_fact(Kind.VOUCHER), store_fact(Kind.VOUCHER)) == (Fact.VOUCHER_PRODUCT, Fact.VOUCHER_TITLE)
    assert (product_fact(Kind.PARCEL), store_fact(Kind.PARCEL)) == (Fact.PARCEL_PRODUCT, Fact.PARCEL_STORE)


def test_a_viewer_is_the_giver_then_a_claimer_then_the_recipient() -> None:
    given = gift("bob", recipient_id="carol")
    viewers = {caller: classify_viewer(given, caller) for caller in ("alice", "bob", "carol", "dave")}
    assert viewers == {
        "alice": Viewer.GIVER,
        "bob": Viewer.CLAIMER,
        "carol": Viewer.RECIPIENT,
        "dave": Viewer.ANYONE,
    }
    assert classify_viewer(gift("bob", recipient_id="bob"), "bob") is Viewer.CLAIMER
