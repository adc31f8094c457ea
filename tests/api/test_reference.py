"""The API's own description: complete, true, and readable without a network."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rooms.api.reference import description
from rooms.models import Room, User
from rooms.services.messages import post_message
from tests.plugins.rest import Asking

pytestmark = pytest.mark.django_db(transaction=True)

ALSO_NOT_DESCRIBED = {"/api/v1/schema/", "/api/v1/docs/"}


def test_the_schema_is_openapi_3_1_and_open_to_all(asking: Asking) -> None:
    schema = asking(None).get("schema/")
    assert schema.status == 200
    assert schema["openapi"].startswith("3.1")
    assert {"token", "session", "password"} <= set(schema["components"]["securitySchemes"])


def test_every_address_of_the_contract_is_described() -> None:
    paths = set(description()["paths"])
    assert paths >= {
        f"/api/v1/{path}"
        for path in (
            "me/", "rooms/", "rooms/{slug}/", "rooms/{slug}/join/", "rooms/{slug}/leave/", "rooms/{slug}/members/",
            "rooms/{slug}/members/{username}/", "rooms/{slug}/messages/", "messages/{message_id}/",
            "messages/{message_id}/history/", "messages/{message_id}/reactions/{emoji}/",
            "messages/{message_id}/report/",
            "rooms/{slug}/events/", "rooms/{slug}/search/", "search/", "tokens/", "users/", "rooms/{slug}/presence/",
            "rooms/{slug}/invitations/", "invitations/accept/", "rooms/{slug}/read/",
        )
    }  # fmt: skip


def test_every_operation_has_a_name_of_its_own_a_sentence_and_says_how_it_fails() -> None:
    operations = [
        operation
        for item in description()["paths"].values()
        for method, operation in item.items()
        if method in ("get", "post", "patch", "put", "delete")
    ]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation.get("summary"), operation["operationId"]
        assert "4XX" in operation["responses"], operation["operationId"]


def whole(schema: dict[str, Any], value: Any) -> dict[str, Any]:
    """The schema itself, behind references and the one choice there is: that something may be null."""
    while "$ref" in schema or "oneOf" in schema:
        for option in schema.get("oneOf", ()):
            if (option.get("type") == "null" or "Null" in option.get("$ref", "")) == (value is None):
                schema = option
        if "$ref" in schema:
            schema = description()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def fits(schema: dict[str, Any], value: Any, where: str) -> None:
    """A small judge of JSON Schema: enough to see that an answer has the fields it is described with, and no others."""
    schema = whole(schema, value)
    if value is None:
        assert "null" in schema.get("type", []) or schema.get("enum") == [None], where
    elif "properties" in schema:
        assert isinstance(value, dict), where
        assert set(value) <= set(schema["properties"]), where
        assert set(schema.get("required", [])) <= set(value), where
        for name, inner in value.items():
            fits(schema["properties"][name], inner, f"{where}.{name}")
    elif "items" in schema:
        for inner in value:
            fits(schema["items"], inner, f"{where}[]")
    else:
        kinds = {"string": str, "integer": int, "boolean": bool, "object": dict}
        wanted = schema.get("type", "object" if isinstance(value, dict) else "string")
        names = [wanted] if isinstance(wanted, str) else wanted
        assert isinstance(value, tuple(kinds[name] for name in names if name != "null")), f"{where}: {value!r}"


def test_answers_have_the_shape_they_are_described_with(asking: Asking, den: Room, ada: User, bob: User) -> None:
    ask = asking(ada)
    first = post_message(room=den, author=bob, body="hello @ada").message
    post_message(room=den, author=ada, body="hello", reply_to=first["id"], visible_to=["bob"])
    message = f"messages/{first['id']}/"
    ask.post(f"{message}reactions/👍/")
    seen = {
        "/api/v1/me/": "me/",
        "/api/v1/rooms/": "rooms/",
        "/api/v1/rooms/{slug}/": "rooms/den/",
        "/api/v1/rooms/{slug}/members/": "rooms/den/members/",
        "/api/v1/rooms/{slug}/messages/": "rooms/den/messages/",
        "/api/v1/rooms/{slug}/events/": "rooms/den/events/?after=0",
        "/api/v1/rooms/{slug}/search/": "rooms/den/search/?q=hello",
        "/api/v1/rooms/{slug}/presence/": "rooms/den/presence/",
        "/api/v1/rooms/{slug}/invitations/": "rooms/den/invitations/",
        "/api/v1/messages/{message_id}/": message,
        "/api/v1/messages/{message_id}/history/": f"{message}history/",
        "/api/v1/tokens/": "tokens/",
        "/api/v1/users/": "users/?q=b",
    }
    ask.post("rooms/den/invitations/")
    ask.patch(f"messages/{ask.post('rooms/den/messages/', {'body': 'x'})['id']}/", {"body": "y"})
    for described, path in seen.items():
        answer = ask.get(path)
        assert answer.status == 200, path
        content = description()["paths"][described]["get"]["responses"]["200"]["content"]
        fits(content["application/json"]["schema"], answer.json, path)


def test_the_page_has_every_operation_and_needs_no_script_of_its_own_and_no_network(asking: Asking) -> None:
    page = asking(None).get("docs/")
    html = page.response.content.decode()
    assert page.status == 200
    for path, item in description()["paths"].items():
        for method in {"get", "post", "put", "patch", "delete"} & set(item):
            assert f'id="{item[method]["operationId"]}"' in html, f"{method} {path}"
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']https?:", html)
    assert not re.search(r"\sstyle=|<style|\son\w+=", html)
    assert {target for target in re.findall(r'href="#([^"]+)"', html) if f'id="{target}"' not in html} == set()


def test_the_form_of_a_message_is_read_by_hand_as_it_is_described() -> None:
    from rooms.api.forms import MessageForm
    from rooms.api.messages import FIELDS

    assert set(MessageForm().fields) == set(FIELDS)


def test_every_way_an_operation_answers_is_described() -> None:
    paths = description()["paths"]
    marks = paths["/api/v1/messages/{message_id}/reactions/{emoji}/"]
    assert {"200", "201"} <= set(marks["post"]["responses"])
    assert "200" in marks["delete"]["responses"]
    assert "200" in paths["/api/v1/messages/{message_id}/feedback/"]["delete"]["responses"]
    assert "oneOf" not in description()["components"]["schemas"]["Change"]["properties"]["before"]
