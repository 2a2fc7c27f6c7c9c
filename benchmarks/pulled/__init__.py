"""Power pulled under the shipped kiosk: a real kernel's writes, and disks that a cut may leave.

`guest` runs in a virtual Pi: `kiosk run` with its state on ext4, on a disk whose writes are all
logged, with a mark in the same log after each green that was shown. `write_log` reads that log,
`cutting` leaves a disk as a cut would, `judge` mounts it and lets the outbox open what is there.
`python -m benchmarks.power_pulled` runs all.
"""
