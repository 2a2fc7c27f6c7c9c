"""What cards are printed as; apart from the printing, which loads a library."""

from enum import StrEnum


class Form(StrEnum):
    """A layout; each has a file of its own."""

    SHEET = "sheet"
    """Two large ones on an A4 page."""
    CARD = "card"
    """Ten of a bank card's size on an A4 page."""
