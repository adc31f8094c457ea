"""Amounts as people read them."""

from __future__ import annotations


def dollars(micros: int) -> str:
    """Cents from a dollar on, ten-thousandths below, all there is below that: 1500000 is $1.50, 123456 is $0.1235, 42
    is $0.000042."""
    if micros >= 1_000_000:
        return f"${micros / 1_000_000:,.2f}"
    if 0 < micros < 100:
        return f"${micros / 1_000_000:.6f}"
    text = f"{micros / 1_000_000:.4f}".rstrip("0")
    whole, _, rest = text.partition(".")
    return f"${whole}.{rest:0<2}"
