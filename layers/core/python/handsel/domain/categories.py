"""Compare categories by meaning: stores write them in their own spelling, or as the path of a taxonomy.

A category consists of parts: the levels of a path (`Apparel & Accessories > Jewelry`) and the members of an enumeration
(`Jewelry & Watches`). A part is of a category if it is one of its names, or ends with one: `Fine jewelry` is jewelry, and
`Jewelry boxes` are not.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

# Names by category, in the form of `_fold`: other spellings, plurals, and the names in Chinese.
NAMES: Mapping[str, frozenset[str]] = {
    "jewelry": frozenset(
        {
            "jewelry",
            "jewellery",
            "jewelery",
            "jewellry",
            "jewelries",
            "jewelleries",
            "jewel",
            "jewels",
            "珠宝",
            "珠寶",
            "首饰",
            "首飾",
            "珠宝类",
            "珠寶類",
            "首饰类",
            "首飾類",
            "珠宝饰品",
            "珠寶飾品",
            "珠宝玉器",
            "珠寶玉器",
        }
    ),
    "education": frozenset(
        {
            "education",
            "educations",
            "educational",
            "教育",
            "教育类",
            "教育類",
            "教育培训",
            "教育培訓",
            "教育课程",
            "教育課程",
            "教育服务",
            "教育服務",
        }
    ),
}
# Levels of a path, members of an enumeration, and what is in brackets. Compiled at the first use, which few functions have.
_SEPARATORS = (
    r"[<>/|\\:;,&+()\[\]{}]|\band\b|\s[-\u2010-\u2015]+\s"
    r"|[\u00b7\u2022\u00ab\u00bb\u2039\u203a\u2192\u3001\u3002\u548c\u8207\u4e0e\u53ca]"
)
_NO_WORD = r"[\W_]+"


@lru_cache(maxsize=1024)
def find_category(category: str) -> str | None:
    """Return which category of `NAMES` a store's category is, or None."""
    for part in re.split(_SEPARATORS, _fold(category).replace("_", " ")):
        words = re.sub(_NO_WORD, " ", part).strip()
        for known, names in NAMES.items():
            if any(_ends_with(words, name) for name in names):
                return known
    return None


def _fold(text: str) -> str:
    """Return a text without the differences of case, width, accents and invisible characters."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(char for char in folded if unicodedata.category(char) not in ("Cf", "Mn", "Me"))


def _ends_with(words: str, name: str) -> bool:
    # Chinese has no spaces between words.
    return words == name or words.endswith(name if not name.isascii() else f" {name}")
