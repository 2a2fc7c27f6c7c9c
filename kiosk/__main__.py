"""`python -m kiosk` is the same program as the installed `kiosk` command."""

from kiosk.app.cli import main

if __name__ == "__main__":
    main()
