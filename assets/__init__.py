"""What is seen, heard and installed. `path` finds a file of it wherever the package was installed."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def path(*parts: str) -> Path:
    """The file or folder `parts` below assets/. Raises FileNotFoundError if the installation lacks it."""
    found = _HERE.joinpath(*parts)
    if not found.exists():
        raise FileNotFoundError(f"The installation lacks assets/{'/'.join(parts)}: install the kiosk again.")
    return found
