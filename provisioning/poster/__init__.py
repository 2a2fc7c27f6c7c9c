"""The poster beside a venue's door: how to use the kiosk, what it shows, and what becomes of data.

Whoever is recorded must be able to read why, on what ground, for how long and whom to ask, so none
of these can be left out. Vietnamese first, then English.
"""
