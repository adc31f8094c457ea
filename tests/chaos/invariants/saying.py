"""What people have said and had acknowledged is in the log, once."""

from __future__ import annotations

from collections import Counter

from ..findings import Invariant
from ..town import Town

ROWS = """
    SELECT m.id::text, m.client_id, u.username FROM rooms_message m JOIN rooms_user u ON u.id = m.author_id"""


def check(town: Town) -> None:
    check_logs(town)
    rows = town.house.sql(ROWS)
    kept = {row[0] for row in rows}
    times = Counter((client_id, by) for _, client_id, by in rows if client_id)
    said = town.said
    town.findings.facts["acknowledged"] = len(said.by_id)
    for message, sent in said.by_id.items():
        if message not in kept:
            town.findings.violated(Invariant.KEPT, "gone", message, sent)
    for client_id, sent in said.by_client_id.items():
        found = times[client_id, sent.by]
        if len(sent.ids) > 1 or found > 1 or (found == 0 and (sent.ids or sent.by_page)):
            town.findings.violated(Invariant.KEPT, found, "times", client_id, sent)


def check_logs(town: Town) -> None:
    for (slug,) in town.house.sql("SELECT slug FROM rooms_room"):
        try:
            town.house.check_log(slug)
        except AssertionError as error:
            town.findings.violated(Invariant.LOG, slug, error)
