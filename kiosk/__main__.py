"""`python -m kiosk` is the same program as the installed `kiosk` command."""

import os
import sys


def main() -> None:
    """Run the command; `off` turns the pins off before the rest of the program is even loaded."""
    if sys.argv[1:2] != ["off"]:
        _run()
        return
    from kiosk.app import pins_off  # noqa: PLC0415 - in this order

    pins_off.turn_off(os.environ)
    try:
        _run()
    finally:
        # gpiozero lets go of a pin as an input, which floats. Raspberry Pi's kernel keeps this.
        pins_off.turn_off(os.environ)


def _run() -> None:
    from kiosk.app import services  # noqa: PLC0415 - in this order

    services.main()


if __name__ == "__main__":
    main()
