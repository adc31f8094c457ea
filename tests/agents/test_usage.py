"""What was used and what is left: everybody sees their own, staff see the sums."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from agents.llm.scripted import Scripted
from agents.models import Account, Agent, Seat, Usage
from agents.money.ledger import Span, ledger
from rooms.models import Allowance, Room, User
from rooms.services.memberships import remove_member
from tests.conftest import person
from tests.pages import words
from tests.plugins.rest import Asking

from .asking import ask, say

pytestmark = pytest.mark.django_db(transaction=True)

BACKEND = "django.contrib.auth.backends.ModelBackend"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, BACKEND)
    return client


@pytest.fixture
def spent(den: Room, ada: User, bob: User, seat: Seat, scripted: Scripted) -> None:
    """Ada has had an answer for two cents and one for one a week ago, Bob one for five."""
    for author, micros, days in ((ada, 20_000, 0), (ada, 10_000, 7), (bob, 50_000, 0)):
        scripted.says("Yes.")
        ask(den, author, "@echo?")
        usage = Usage.objects.order_by("-id")[:1].values("pk")
        Usage.objects.filter(pk__in=usage).update(
            cost_micros=micros,
            prompt_tokens=100,
            completion_tokens=10,
            created_at=datetime.now(UTC) - timedelta(days=days),
        )


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode())))


def test_ada_sees_her_own_usage_and_nobody_elses(spent: None, ada: User, eve: User) -> None:
    page = signed_in(ada).get("/usage/").content.decode()
    assert "$0.03" in page
    assert "$0.02" in page
    assert "$0.05" not in page
    assert "<svg" in page
    assert "bob" not in words(page)
    nothing = signed_in(eve).get("/usage/").content.decode()
    assert "$0.0" not in nothing.replace("$0.00", "")
    assert '<th scope="row">den</th>' not in nothing
    assert Client().get("/usage/").status_code == 302


def test_a_week_of_it_as_a_table(spent: None, ada: User) -> None:
    rows = rows_of(signed_in(ada).get("/usage.csv?days=7").content)
    rooms = [row for row in rows if row["dimension"] == "room"]
    assert [(row["name"], row["answers"], row["cost_micros"]) for row in rooms] == [("den", "1", "20000")]
    assert len([row for row in rows if row["dimension"] == "day"]) == 7
    assert not [row for row in rows if row["dimension"] == "person"]


def test_a_room_one_had_to_leave_is_not_named_any_more(spent: None, den: Room, ada: User, bob: User) -> None:
    remove_member(room=den, user=bob, by=ada)
    page = signed_in(bob).get("/usage/").content.decode()
    assert "a room you are not in any more" in page
    assert '<th scope="row">den</th>' not in page


def test_everybody_knows_what_is_left_and_when_there_is_more(
    den: Room, ada: User, gus: User, settings: Any, asking: Asking
) -> None:
    settings.SENDS_PER_MINUTE, settings.SENDS_PER_MINUTE_GUEST, settings.ASKS_PER_DAY = 20, 5, 100
    settings.PERSON_BUDGET_MICROS_PER_DAY = 500_000
    group = Group.objects.create(name="writers")
    ada.groups.add(group)
    Account.objects.create(scope="group", key=str(group.pk), period="month", limit_micros=9_000, spent_micros=1_000)
    for number in range(3):
        say(den, ada, f"number {number}")
    usage = asking(ada).get("me/")["usage"]
    send = next(limit for limit in usage["limits"] if limit["what"] == "send")
    assert (send["room"], send["limit"], send["used"], send["left"]) == ("den", 20, 3, 17)
    assert send["resets_at"].endswith("Z")
    day = next(limit for limit in usage["limits"] if limit["what"] == "ask_day")
    assert (day["limit"], day["used"], day["left"], day["resets_at"]) == (100, 0, 100, None)
    mine = {budget["of"]: budget for budget in usage["budgets"]}
    assert (mine["person"]["left_micros"], mine["group"]["left_micros"]) == (500_000, 8_000)
    assert mine["person"]["resets_at"].endswith("T00:00:00Z")
    guests = asking(gus).get("me/")["usage"]["limits"]
    assert {limit["what"]: limit["limit"] for limit in guests}["send"] == 5
    Allowance.objects.create(what="ask_day", person=ada, amount=0)
    lifted = asking(ada).get("me/")["usage"]["limits"]
    assert {limit["what"]: limit["limit"] for limit in lifted}["ask_day"] is None
    page = signed_in(ada).get("/usage/").content.decode()
    assert "17 left" in page
    assert "Money of the group writers" in page


@pytest.fixture
def console() -> Client:
    return signed_in(person("root", is_staff=True, is_superuser=True))


def test_staff_see_the_sums_of_the_house(spent: None, console: Client) -> None:
    page = console.get(reverse("admin:agents_usage_costs")).content.decode()
    assert "$0.08" in page
    for name in ("ada", "bob", "den", "echo", "scripted", "without a route"):
        assert name in page
    rows = rows_of(console.get(reverse("admin:agents_usage_costs_csv")).content)
    people = [(row["name"], row["cost_micros"]) for row in rows if row["dimension"] == "person"]
    assert people == [("bob", "50000"), ("ada", "30000")]
    only_bob = console.get(reverse("admin:agents_usage_costs"), {"person": "bob"}).content.decode()
    assert "$0.05" in only_bob
    assert "$0.08" not in only_bob
    yesterday = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()
    recent = rows_of(console.get(reverse("admin:agents_usage_costs_csv"), {"since": yesterday}).content)
    assert {row["name"]: row["cost_micros"] for row in recent if row["dimension"] == "person"}["ada"] == "20000"
    assert console.get(reverse("admin:agents_usage_costs"), {"person": "nobody-here"}).status_code == 400
    assert console.get(reverse("admin:agents_usage_costs"), {"since": "2000-01-01"}).status_code == 400
    assert console.get(reverse("admin:agents_usage_changelist")).status_code == 200


def test_only_staff_who_may_look_at_the_ledger_see_it(spent: None, ada: User) -> None:
    clerk = person("clerk", is_staff=True)
    pages = [reverse(f"admin:agents_usage_{name}") for name in ("costs", "costs_csv", "alarms")]
    assert [signed_in(ada).get(page).status_code for page in pages] == [302, 302, 302]
    assert [signed_in(clerk).get(page).status_code for page in pages] == [403, 403, 403]
    clerk.user_permissions.add(Permission.objects.get(codename="view_usage"))
    assert [signed_in(clerk).get(page).status_code for page in pages] == [200, 200, 200]


def test_the_admin_gives_a_budget_by_name(console: Client, den: Room, ada: User) -> None:
    add = reverse("admin:agents_account_add")
    assert console.get(add).status_code == 200
    sent = console.post(add, {"scope": "person", "name": "ada", "period": "day", "dollars": "0.25"})
    assert sent.status_code == 302
    account = Account.objects.get()
    assert (account.scope, account.key, account.limit_micros) == ("person", str(ada.pk), 250_000)
    again = console.post(add, {"scope": "person", "name": "ada", "period": "day", "dollars": "1"})
    assert "There is an account for this already" in again.content.decode()
    unknown = console.post(add, {"scope": "room", "name": "nowhere", "period": "day"})
    assert "There is no such room" in unknown.content.decode()
    change = reverse("admin:agents_account_change", args=[account.pk])
    assert console.get(change).status_code == 200
    assert console.post(change, {"dollars": ""}).status_code == 302
    account.refresh_from_db()
    assert account.limit_micros is None
    assert console.get(reverse("admin:agents_account_changelist")).status_code == 200


def test_the_admin_gives_an_allowance(console: Client, ada: User) -> None:
    add = reverse("admin:rooms_allowance_add")
    assert console.post(add, {"what": "send", "person": ada.pk, "amount": "3"}).status_code == 302
    twice = console.post(add, {"what": "send", "person": ada.pk, "amount": "4"})
    assert "There is one for this already." in twice.content.decode()
    both = console.post(add, {"what": "ask", "person": ada.pk, "role": "member", "amount": "4"})
    assert "Name one of person, group, role and kind." in both.content.decode()
    assert console.get(reverse("admin:rooms_allowance_changelist")).status_code == 200


def test_the_sums_walk_an_index_over_their_days(spent: None, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(4):
        found = ledger(Span.of_days(7))
    assert found.total.micros == 70_000
    assert Agent.objects.count() == 1
