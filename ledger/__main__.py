"""`kiosk-ledger`, or `python -m ledger`; where a ledger's packages are missing it says so.

The project is installed on kiosks and at desks too, which have none of them.
"""

import sys

from ledger.errors import EXIT_SETTINGS

_PACKAGES = ("alembic", "psycopg", "pydantic_settings", "sqlalchemy", "structlog")
"""What `pip install 'door-kiosk[ledger]'` brings; the commands load some of them later."""


def main() -> None:
    """Run the command."""
    try:
        from ledger.cli import main as run  # noqa: PLC0415 - loads what may be missing

        run()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _PACKAGES:
            raise
        sys.stderr.write(f"{package} is not installed: pip install 'door-kiosk[ledger]'\n")
        sys.exit(EXIT_SETTINGS)


if __name__ == "__main__":
    main()
