from __future__ import annotations


def dollars(micros: int) -> str:
    """Exactly, without zeros that say nothing: 1500000 is $1.50, 42 is $0.000042."""
    whole, rest = divmod(micros, 1_000_000)
    return f"${whole}.{f'{rest:06d}'.rstrip('0'):0<2}"
