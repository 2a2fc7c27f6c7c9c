"""What a person must change: the only error that these commands raise on purpose.

A message says what happened and what to do. It may have several lines, one for each thing that is
wrong, and it never holds a code, a key or a passphrase.
"""


class ProvisioningError(Exception):
    """Nothing was done, or what was done is said; shown as it is, with exit code 1."""
