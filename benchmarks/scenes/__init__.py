"""Door scenes for judging the eye: seeded, with exact truths, drawn without looking at any reader.

Stills sweep one condition each from harmless to hopeless; sequences show a card that comes, is held
and goes. Everything comes from the seed and is the same on every machine. Seeds 1 to 99 are for
tuning, 1000 and above for judging. Only what the product itself depends on is imported here.
"""
