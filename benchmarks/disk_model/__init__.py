"""Power cuts on a modelled disk: a program's writes and syncs, and every disk that a cut may leave.

`workload` drives the outbox, `trace` records what it asks of the kernel, `disk` plays that back and
tears it, `judge` lets the outbox open what is left. `python -m benchmarks.power_cuts` runs all.
"""
