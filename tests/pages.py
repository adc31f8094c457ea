"""What people read of a page."""

from __future__ import annotations

import re


def words(html: str) -> str:
    """Without its tags. A token in them may have any letters and digits, so it holds every short word now and then."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())
