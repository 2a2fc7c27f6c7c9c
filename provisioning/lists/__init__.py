"""What an operator tells all doors: makes lists, signs them, and puts them on a broker.

What a ward writes (card numbers, persons) becomes entries that lead back to nobody; the files that
it writes never leave its own machine.
"""
