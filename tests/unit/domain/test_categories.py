"""Categories as stores write them, compared with the categories of the rules."""

import pytest

from handsel.domain.categories import find_category, fold
from handsel.domain.policy import Policy, load_policies, newest


@pytest.mark.parametrize(
    ("written", "category"),
    [
        # gatsby-pantry#5: letter case and white space
        *((each, "jewelry") for each in ("jewelry", "Jewelry", "JEWELRY", "  jewelry\t", "Fine  Jewelry")),
        *((each, "education") for each in ("education", "Education", "EDUCATION ", "Adult education")),
        # British spelling (Shopify/product-taxonomy#1006), plurals and typing errors
        *((each, "jewelry") for each in ("jewellery", "Jewelleries", "jewels", "Jewelery", "Jewellry")),
        # other forms of the same characters, invisible characters and accents
        ("\uff2a\uff45\uff57\uff45\uff4c\uff52\uff59", "jewelry"),
        ("jewel\u200bry", "jewelry"),
        ("jew\u00e9lry", "jewelry"),
        ("\ufeffeducation\u00ad", "education"),
        # punctuation
        *((each, "jewelry") for each in ("jewelry.", "#Jewelry!", "jewelry;", '"Jewelry"', "Jewelry (gold)")),
        # paths of a taxonomy (Shopify, Google)
        ("Apparel & Accessories > Jewelry", "jewelry"),
        ("Apparel & Accessories > Jewelry > Rings", "jewelry"),
        ("apparel/jewellery", "jewelry"),
        ("Media | Education", "education"),
        # enumerations
        *((each, "jewelry") for each in ("Jewelry & Watches", "Watches and jewelry", "Jewelry, watches")),
        ("Jewelry - Rings", "jewelry"),
        ("jewelry_and_watches", "jewelry"),
        # Chinese: the names of both categories, of both scripts
        *((each, "jewelry") for each in ("珠宝", "珠寶", "首饰", "珠宝首饰", "黄金首饰", "珠宝和手表", "珠宝、首饰")),
        *((each, "jewelry") for each in ("珠宝饰品", "珠宝玉器", "珠寶飾品")),
        *((each, "education") for each in ("教育", "教育培训", "在线教育", "教育服务", "教育课程")),
        # others
        *((each, None) for each in ("food", "home", "Jewelry boxes", "Jewelry cleaning", "bejewelled", "食品", "...")),
        *((each, None) for each in ("Gift cards", "jewelry_box", "珠宝盒", "首饰架", "教育玩具", "饰品")),
    ],
)
def test_the_category_of_a_product_does_not_depend_on_its_spelling(written: str, category: str | None) -> None:
    assert find_category(written, newest("douyin").excluded_categories) == category


@pytest.mark.parametrize("policy", [each for versions in load_policies().values() for each in versions])
def test_every_name_of_a_category_is_recognised(policy: Policy) -> None:
    for category, names in policy.excluded_categories:
        assert category in names
        for name in names:
            assert name == fold(name)
            assert find_category(name, policy.excluded_categories) == category
