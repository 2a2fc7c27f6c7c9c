"""The history of the tables. A version that was released never changes; a new one is added."""
