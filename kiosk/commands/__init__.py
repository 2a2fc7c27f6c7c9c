"""Commands to one kiosk: signed by an operator, for one start of its program, each taken once.

A command comes at `{source}/cmd/{name}` and is answered at `{source}/cmd/{name}/reply`. The broker
is not trusted and no clock is needed: what makes a command fresh is the kiosk's own random nonce,
which it tells in its status and changes with each start, and a counter that only rises. Nothing
here does what a command says; see `docs/adr/0022-a-command-names-the-start.md`.
"""
