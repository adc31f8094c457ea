from __future__ import annotations

import base64
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from rooms.models import ApiToken, Room, User
from tests.conftest import PASSWORD
from tests.plugins.rest import Asking, Caller

pytestmark = pytest.mark.django_db(transaction=True)


def basic(name: str, password: str = PASSWORD) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}


def test_a_first_token_is_made_with_name_and_password(asking: Asking, den: Room, bob: User) -> None:
    made = Caller().post("tokens/", {"name": "my script", "scopes": ["read"]}, headers=basic("Bob"))
    assert made.status == 201
    assert made["scopes"] == ["read"]
    assert made["expires_at"]
    me = Caller(secret=made["token"]).get("me/")
    assert me["username"] == "bob"


def test_a_token_is_made_and_revoked_with_a_session(asking: Asking, bob: User) -> None:
    caller = Caller(session_of=bob)
    caller.client.cookies["csrftoken"] = "a" * 32
    csrf = {"x-csrftoken": "a" * 32}
    made = caller.post("tokens/", {"name": "one"}, headers=csrf)
    assert made.status == 201
    listed = caller.get("tokens/")["results"]
    assert [(one["id"], one["name"], one["scopes"]) for one in listed] == [(made["id"], "one", ["read", "write"])]
    assert made["token"] not in str(listed)
    assert caller.delete(f"tokens/{made['id']}/", headers=csrf).status == 204
    assert Caller(secret=made["token"]).get("me/").status == 401
    assert caller.get("tokens/")["results"] == []


def test_a_token_cannot_make_tokens(asking: Asking, bob: User) -> None:
    assert asking(bob).post("tokens/", {"name": "child"}).status == 403
    assert asking(bob, scopes=("read", "write")).get("tokens/").status == 403
    assert asking(bob, scopes=("admin",)).get("tokens/").status == 200


def test_nobody_revokes_the_token_of_another(asking: Asking, bob: User, ada: User) -> None:
    ask = asking(bob)
    token = ApiToken.objects.get(user=bob)
    assert asking(ada).delete(f"tokens/{token.prefix}/").status == 404
    assert ask.get("me/").status == 200


def test_a_token_is_bound_only_to_rooms_one_may_see(asking: Asking, den: Room, bob: User, eve: User) -> None:
    said = {"name": "bound", "rooms": ["den"]}
    assert Caller().post("tokens/", said, headers=basic("bob"))["rooms"] == ["den"]
    refused = Caller().post("tokens/", said, headers=basic("eve"))
    unknown = Caller().post("tokens/", {"name": "bound", "rooms": ["no-such"]}, headers=basic("eve"))
    assert (refused.status, list(refused["fields"])) == (400, ["rooms"])
    assert refused.json == {
        **unknown.json,
        "fields": {"rooms": [unknown["fields"]["rooms"][0].replace("no-such", "den")]},
    }


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "name"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["root"]}, "scopes.0"),
        ({"name": "x", "scopes": "read"}, "scopes"),
        ({"name": "x", "expires_in_days": 0}, "expires_in_days"),
        ({"name": "x", "expires_in_days": 10**9}, "expires_in_days"),
        ({"name": "x", "user": "ada"}, "user"),
    ],
)
def test_a_token_that_cannot_be_is_refused_with_the_field(asking: Asking, bob: User, said: dict, field: str) -> None:
    answer = Caller().post("tokens/", said, headers=basic("bob"))
    assert (answer.status, list(answer["fields"])) == (400, [field])


def test_the_command_prints_the_token_alone(bob: User) -> None:
    out = StringIO()
    call_command("create_token", "bob", "--scopes", "read,write", "--name", "cron", "--days", "7", stdout=out)
    secret = out.getvalue()
    assert secret.endswith("\n")
    assert len(secret.split()) == 1
    assert Caller(secret=secret.strip()).get("me/")["username"] == "bob"
    token = ApiToken.objects.get()
    assert (token.name, token.scopes) == ("cron", ["read", "write"])


@pytest.mark.parametrize("arguments", [["nobody"], ["bob", "--scopes", "root"], ["bob", "--days", "-1"]])
def test_the_command_says_what_is_wrong(bob: User, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("create_token", *arguments)
