"""Amounts as people read them."""

from __future__ import annotations


def dollars(micros: int) -> str:
    """To a ten-thousandth, and more exactly only below that: 1500000 is $1.50, 123456 is $0.1235, 42 is $0.000042."""
    if 0 < micros < 100:
        return f"${micros / 1_000_000:.6f}"
    text = f"{micros / 1_000_000:.4f}".rstrip("0")
    whole, _, rest = text.partition(".")
    return f"${int(whole):,}.{rest:0<2}"
