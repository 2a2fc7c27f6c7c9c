"""Benchmarks: one command each, the kiosk and its peers side by side. Nothing here is installed."""
