"""Cases whose report is known to be wrong, by name, and why: what `identify_filter` cannot do."""

KNOWN: dict[str, str] = {}
