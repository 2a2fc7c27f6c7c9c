"""How a kiosk comes by its certificate for the broker, and by the next one before it ends.

The key is made here and never leaves. A new certificate is got with a one-time claim, each later
one with a proof that the present key is here. Nothing in this package stops a door: it raises
`EnrolmentError`, and whoever asked goes on with what there is.
"""
