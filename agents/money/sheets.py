"""The ledger as a table for spreadsheets."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Any

from django.http import HttpResponse

from .ledger import DIMENSIONS, Ledger

HEAD = ["dimension", "name", "answers", "prompt_tokens", "completion_tokens", "cost_micros", "cost_dollars"]
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def sheet(found: Ledger, dimensions: Iterable[str] = DIMENSIONS) -> HttpResponse:
    """All sums of a span, a row each, for download."""
    written = StringIO()
    rows = csv.writer(written)
    rows.writerow(HEAD)
    for dimension in dimensions:
        for one in found.days if dimension == "day" else found.by[dimension]:
            sums = [one.calls, one.prompt_tokens, one.completion_tokens, one.micros, f"{one.micros / 1_000_000:.6f}"]
            rows.writerow([dimension, harmless(one.name or one.key), *sums])
    response = HttpResponse(written.getvalue(), content_type="text/csv; charset=utf-8")
    span = f"{found.span.first.isoformat()}-{found.span.last.isoformat()}"
    response["Content-Disposition"] = f'attachment; filename="usage-{span}.csv"'
    return response


def harmless(value: Any) -> str:
    """Text that a spreadsheet does not take for a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(FORMULAS) else text
