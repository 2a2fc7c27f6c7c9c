"""Chaos: real kiosks, a real broker and a real ledger, killed and hindered, judged as sets.

`plan` says which faults, against which variant, for how long. `kiosk` is a kiosk that can be killed
a thousand times, `crowd` who stands before it, `controls` what it is compared with. `processes` are
the three programs, `relay` the network between kiosk and broker, `torment` what is done to them,
`world` one row of the matrix from its start to its end, `settling` when that is, `judge` what it
comes to. `python -m benchmarks.loss` runs all.
"""
