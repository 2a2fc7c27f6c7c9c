"""What outboxes are made of: the file's schema, its upkeep, and what is saved from a damaged one.

Nothing here opens a network or knows a card. Adapters import from here and never from each other.
"""
