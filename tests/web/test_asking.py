"""Who answers one message and how, chosen at the composer; and what it may cost, told before it is sent."""

from __future__ import annotations

import pytest

from agents.models import Account, Agent, Conduct, Wish
from agents.services import create_agent, pause_agents, seat_agent
from rooms.models import Allowance, Message
from rooms.services.memberships import begin_membership
from tests.files import attached

pytestmark = pytest.mark.django_db

PRICE = {"prompt": 1, "completion": 100}
COST = "/rooms/den/cost"


@pytest.fixture
def two(den, ada):
    for name in ("sage", "scribe"):
        agent = create_agent(owner=ada, username=name, display_name=name.capitalize())
        seat_agent(room=den, agent=agent, by=ada)
    Agent.objects.update(parameters={"price": PRICE}, max_reply_tokens=200)


def test_a_person_chooses_for_one_message_and_the_wish_is_kept_with_it(den, two, bob, browser_of):
    client = browser_of(bob)
    said = {"body": "tea?", "ask_way": "parallel", "ask_agents": ["sage", "scribe"], "ask_reviewed": "1"}
    assert client.post("/rooms/den/messages/", said | {"ask_plans": "1", "client_id": "one"}).status_code == 302
    wish = Wish.objects.get()
    assert (wish.message.body, wish.coordination, wish.agents) == ("tea?", "parallel", ["sage", "scribe"])
    assert (wish.reviewed, wish.approves_plans) == (True, True)
    client.post("/rooms/den/messages/", {"body": "and milk?"})
    assert Wish.objects.count() == 1
    client.post("/rooms/den/messages/", said | {"ask_plans": "1", "client_id": "one"})
    assert (Wish.objects.count(), Message.objects.filter(author=bob).count()) == (1, 2)


def test_agents_alone_are_chosen_and_go_about_it_as_the_room_has_it(den, two, bob, browser_of):
    Conduct.objects.create(room=den, coordination="collaborative")
    page = browser_of(bob).get("/rooms/den/").content.decode()
    assert "As the room has it: in rounds" in page
    browser_of(bob).post("/rooms/den/messages/", {"body": "tea?", "ask_way": "", "ask_agents": "sage"})
    assert (Wish.objects.get().coordination, Wish.objects.get().agents) == ("collaborative", ["sage"])


def test_what_is_wrong_is_said_and_what_was_typed_and_chosen_stays(den, two, bob, browser_of):
    said = {"body": "tea?", "ask_way": "parallel", "ask_agents": ["sage", "nobody"]}
    answer = browser_of(bob).post("/rooms/den/messages/", said)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "nobody is no agent of this room." in page
    assert ">tea?</textarea>" in page
    assert 'value="parallel" data-short="all at once" checked' in page
    assert 'value="sage" data-name="Sage" checked' in page
    assert not Message.objects.filter(author=bob).exists()
    said = {"body": "tea?", "ask_way": "anarchy"}
    assert browser_of(bob).post("/rooms/den/messages/", said).status_code == 400


def test_the_choice_is_there_where_there_is_one_and_for_who_may_ask(den, two, ada, bob, eve, square, browser_of):
    assert 'id="asking"' in browser_of(bob).get("/rooms/den/").content.decode()
    assert 'id="asking"' not in browser_of(ada).get("/rooms/square/").content.decode()
    seat_agent(room=square, agent=Agent.objects.get(user__username="sage"), by=ada)
    page = browser_of(ada).get("/rooms/square/").content.decode()
    assert 'id="asking"' not in page  # with one there is nothing to choose
    assert 'id="cost"' in page
    assert 'id="cost"' not in browser_of(eve).get("/rooms/square/").content.decode()


def test_a_button_tells_what_it_would_cost_and_keeps_what_was_typed(den, two, bob, eve, browser_of):
    said = {"body": "@sage @scribe tea?", "ask_way": "parallel", "ask_cost": "1", "client_id": "one"}
    page = browser_of(bob).post(COST, said).content.decode()
    assert "This takes 3 calls of models and some " in page
    assert ">@sage @scribe tea?</textarea>" in page
    assert 'value="parallel" data-short="all at once" checked' in page
    assert not Message.objects.filter(author=bob).exists()
    assert "This takes" not in browser_of(bob).post(COST, {"body": "", "ask_cost": "1"}).content.decode()
    assert browser_of(eve).post(COST, said).status_code == 404


def test_what_was_attached_before_is_counted_and_stays_attached(den, two, ada, bob, browser_of):
    file = attached(den, bob, "notes.txt", b"of tea")
    said = {"body": "@sage?", "ask_cost": "1", "attachments": [str(file.pk)]}
    page = browser_of(bob).post(COST, said).content.decode()
    assert "This takes 1 call of models" in page
    assert f'value="{file.pk}" checked> notes.txt' in page
    strange = browser_of(ada).post(COST, said).content.decode()
    assert "This takes" not in strange
    assert "notes.txt" not in strange
    for ids in (["no id"], ["0192f0c1-2345-7000-8000-000000000000"]):
        assert "This takes" not in browser_of(bob).post(COST, said | {"attachments": ids}).content.decode()


def test_where_the_budget_will_not_do_it_is_said_kindly(den, two, bob, browser_of):
    account = Account.objects.create(scope="person", key=str(bob.pk), period="day", limit_micros=20_000)
    said = {"body": "@sage @scribe tea?", "ask_cost": "1"}
    page = browser_of(bob).post(COST, said).content.decode()
    assert "You have $0.02 left for answers today, so this one may be cut short." in page
    account.spent_micros = 20_000
    account.save()
    page = browser_of(bob).post(COST, said).content.decode()
    assert "What you may spend on answers today is used up. There is more in " in page
    account.limit_micros = None
    account.save()
    assert "cost--short" not in browser_of(bob).post(COST, said).content.decode()
    Account.objects.create(scope="room", key=str(den.pk), period="day", limit_micros=10, spent_micros=10)
    page = browser_of(bob).post(COST, said).content.decode()
    assert "What this room may spend today is used up." in page
    assert "$0.00001" not in page


def test_where_one_may_ask_no_more_for_now_it_is_said_when(den, two, bob, browser_of):
    from agents.money.asks import take

    Allowance.objects.create(what="ask_day", person=bob, amount=1)
    take(bob, den)
    page = browser_of(bob).post(COST, {"body": "@sage tea?", "ask_cost": "1"}).content.decode()
    assert "You have asked agents 1 time within a day." in page
    assert "your message is kept, and no agent answers it" in page


def test_a_reply_to_an_agent_is_counted_as_asking_it(den, two, ada, bob, say, browser_of):
    Agent.objects.get(user__username="sage").seats.update(trigger="reply")
    sage = Agent.objects.get(user__username="sage").user
    said = say(sage, "Tea is ready.")
    form = {"body": "thanks, and milk?", "ask_cost": "1"}
    assert "No agent would answer this." in browser_of(bob).post(COST, form).content.decode()
    page = browser_of(bob).post(COST, form | {"reply_to": said["id"]}).content.decode()
    assert "This takes 1 call of models" in page
    assert browser_of(bob).post(COST, form | {"reply_to": "nonsense"}).status_code == 200


def test_who_reads_along_sees_that_agents_are_paused(square, two, ada, eve, browser_of):
    seat_agent(room=square, agent=Agent.objects.get(user__username="sage"), by=ada)
    pause_agents(room=square, by=ada, reason="Repairs.")
    page = browser_of(eve).get("/rooms/square/").content.decode()
    assert "have been paused here by @ada" in page
    begin_membership(room=square, user=eve, role="member", by=ada)
    assert "Repairs." in browser_of(eve).get("/rooms/square/").content.decode()


def test_an_open_page_is_given_what_the_composer_offers_now(den, two, ada, bob, mod, browser_of):
    Conduct.objects.create(room=den, coordination="parallel")
    piece = browser_of(bob).get("/rooms/den/around").content.decode()
    assert 'id="agents-now"' in piece
    assert "As the room has it: all at once" in piece
    assert "moderate_message" not in piece
    assert "moderate_message" in browser_of(mod).get("/rooms/den/around").content.decode()
    assert "message__text" not in piece, "no words of the conversation"
