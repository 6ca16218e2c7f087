"""Compare categories by meaning: stores write them in their own spelling, or as the path of a taxonomy.

A category consists of parts: the levels of a path (`Apparel & Accessories > Jewelry`) and the members of an enumeration
(`Jewelry & Watches`). A part is of a category if it is one of its names, or ends with one: `Fine jewelry` is jewelry, and
`Jewelry boxes` are not.
"""

import re
import unicodedata
from functools import lru_cache

# The names of each category, in the form of `fold`: other spellings, plurals, and the names in other languages.
Names = tuple[tuple[str, tuple[str, ...]], ...]
# Levels of a path, members of an enumeration, and what is in brackets. Compiled at the first use, which few functions have.
_SEPARATORS = (
    r"[<>/|\\:;,&+()\[\]{}]|\band\b|\s[-\u2010-\u2015]+\s"
    r"|[\u00b7\u2022\u00ab\u00bb\u2039\u203a\u2192\u3001\u3002\u548c\u8207\u4e0e\u53ca]"
)
_NO_WORD = r"[\W_]+"


@lru_cache(maxsize=1024)
def find_category(category: str, names_by_category: Names) -> str | None:
    """Return which of the named categories a store's category is, or None."""
    folded = fold(category).replace("_", " ")
    # The whole, too: a name can have a separator itself.
    for part in (*re.split(_SEPARATORS, folded), folded):
        words = re.sub(_NO_WORD, " ", part).strip()
        for known, names in names_by_category:
            if any(_ends_with(words, name) for name in names):
                return known
    return None


def normalize(name: str) -> str:
    """Return the name of a category in the form in which names are compared; empty if it has no letter or digit."""
    return re.sub(_NO_WORD, " ", fold(name)).strip()


def fold(text: str) -> str:
    """Return a text without the differences of case, width, accents and invisible characters."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(char for char in folded if unicodedata.category(char) not in ("Cf", "Mn", "Me"))


def _ends_with(words: str, name: str) -> bool:
    # Chinese has no spaces between words.
    return words == name or words.endswith(name if not name.isascii() else f" {name}")
