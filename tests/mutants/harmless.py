"""Why a surviving mutant may survive: (module, line before, line after) -> the reason."""

HARMLESS: dict[tuple[str, str, str], str] = {}
