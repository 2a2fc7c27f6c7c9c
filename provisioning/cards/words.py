"""Text as clerks write it: normalised for keeping, folded for comparing and searching."""

import re
import unicodedata

_SPACES = re.compile(r"[\s\u00a0]+")


def tidied(text: str) -> str:
    """Return the text in NFC with single spaces: two spellings of one name become one.

    >>> tidied(" Nguye\u0302\u0303n  Va\u0306n An ") == "Nguyễn Văn An"
    True
    """
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def folded(text: str) -> str:
    """Return what is compared when somebody searches: no marks, no capitals, d for đ.

    >>> folded("Đặng  Thị Ý")
    'dang thi y'
    """
    bare = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    letters = (letter for letter in bare if not unicodedata.combining(letter))
    return _SPACES.sub(" ", "".join(letters)).strip()


def printable(text: str) -> bool:
    r"""Tell whether every character is one that paper and a terminal show as it is.

    >>> printable("Tổ 5, nhà 12"), printable("a\u202eb"), printable("a\tb")
    (True, False, False)
    """
    return all(unicodedata.category(letter)[0] in "LMNPSZ" for letter in text) and not any(
        unicodedata.category(letter) in ("Zl", "Zp") for letter in text
    )


def is_name(text: str) -> bool:
    """Tell whether the text can be a person's name: letters, and what stands between them.

    >>> is_name("Y Blŭk Êban"), is_name("Trần Văn An 2"), is_name("=An")
    (True, False, False)
    """
    return any(letter.isalpha() for letter in text) and all(
        unicodedata.category(letter)[0] in "LM" or letter in " .'\u2019-" for letter in text
    )
