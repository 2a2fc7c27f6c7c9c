"""`kiosk-provision`: what an operator and a ward's clerk do, away from the door."""

import typer

app = typer.Typer(name="kiosk-provision", no_args_is_help=True, add_completion=False)


@app.callback()
def _commands() -> None:
    """Cards, posters and lists for the doors of a ward."""


def main() -> None:
    """Run the command line."""
    app()
