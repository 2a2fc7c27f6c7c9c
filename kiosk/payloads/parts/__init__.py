"""What formats are made of: dates, base45, CBOR, signatures, and whom this kiosk trusts.

A format is a file in the folder above; nothing in this one is a format. `trust` is light, because
everybody imports it; what needs a library for signatures is imported by the formats that use it.
"""
