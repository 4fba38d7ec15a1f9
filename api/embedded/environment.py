"""Settings as environment variables, for the processes we start."""

import os

import msgspec

from domain.kernel.settings import Settings


def as_environment(settings: Settings) -> dict[str, str]:
    """Our own environment with exactly these settings in `GW_…`; defaults are left out."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("GW_")}
    defaults = msgspec.structs.asdict(Settings())
    ours = {
        f"GW_{name.upper()}": str(value)
        for name, value in msgspec.structs.asdict(settings).items()
        if value != defaults[name]
    }
    return others | ours
