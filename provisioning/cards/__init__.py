"""The ward's cards: made, signed, printed, and kept account of, by a clerk and without a network.

Three things belong together in one folder of the ward: the issuer's private key, the register of
who holds which card, and the public key that doors are told of. Nothing of it is ever on a kiosk.
"""
