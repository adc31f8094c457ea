"""What requests may say. Views read these; OpenAPI describes them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ..legible import check_name
from ..models import ApiToken, Membership, Room
from ..services.drafting import MAX_ATTACHED
from .base import Strict, Username

BIGGEST_SEQ = 2**62


def number(**kwargs: Any) -> serializers.IntegerField:
    """A number of the event log."""
    return serializers.IntegerField(min_value=0, max_value=BIGGEST_SEQ, **kwargs)


class RoomForm(Strict):
    name = serializers.CharField(max_length=80)
    slug = serializers.SlugField(max_length=64, required=False, help_text="Made from the name when left out.")
    visibility = serializers.ChoiceField(choices=Room.Visibility.choices, default=Room.Visibility.PRIVATE)
    topic = serializers.CharField(max_length=280, allow_blank=True, default="")


class RoomChanges(Strict):
    name = serializers.CharField(max_length=80, required=False)
    visibility = serializers.ChoiceField(choices=Room.Visibility.choices, required=False)
    topic = serializers.CharField(max_length=280, allow_blank=True, required=False)


class RoomsQuery(Strict):
    mine = serializers.BooleanField(default=False, help_text="Only rooms I am a member of.")
    after = serializers.SlugField(max_length=64, required=False, help_text="Rooms after this slug.")
    limit = serializers.IntegerField(min_value=1, max_value=500, default=200)


class MemberForm(Strict):
    username = Username()
    role = serializers.ChoiceField(choices=Membership.Role.choices, default=Membership.Role.MEMBER)


class RoleForm(Strict):
    role = serializers.ChoiceField(choices=Membership.Role.choices)


class PageQuery(Strict):
    before = number(required=False, help_text="Messages before this number.")
    after = number(required=False, help_text="Messages after this number.")
    around = number(required=False, help_text="Messages on both sides of this number.")
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


def is_names(value: object) -> bool:
    return isinstance(value, list) and len(value) <= 100 and all(isinstance(name, str) for name in value)


IDS_OF_FILES = "A list of up to 10 ids of files you have uploaded here."


class Files(serializers.ListField):
    """Files that go with a message. What is wrong with them is said by every door in the same words: here only whether
    they are ids at all, and by the service what they are good for."""

    child = serializers.UUIDField()
    default_error_messages = {"null": IDS_OF_FILES, "max_length": "At most {max_length} files, each once."}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", "Files that you have uploaded in this room and not sent yet.")
        super().__init__(required=False, max_length=MAX_ATTACHED, **kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        if not is_names(data):
            raise serializers.ValidationError([IDS_OF_FILES])
        return list(data)


class MessageForm(Strict):
    body = serializers.CharField(
        required=False, allow_blank=True, help_text="Markdown. Needed unless there are attachments."
    )
    client_id = serializers.CharField(
        max_length=64,
        required=False,
        allow_blank=True,
        help_text="Your own id of the message. Sending it again with the same body changes nothing and answers 200.",
    )
    reply_to = serializers.UUIDField(required=False, allow_null=True)
    thread = serializers.UUIDField(required=False, allow_null=True)
    visible_to = serializers.ListField(
        child=Username(),
        required=False,
        allow_null=True,
        max_length=100,
        help_text="Usernames of the members who alone may read it, besides you.",
    )
    attachments = Files()


class UploadForm(Strict):
    file = serializers.FileField(allow_empty_file=True, help_text="What it is, is seen from its content.")
    alt = serializers.CharField(required=False, allow_blank=True, default="", help_text="What a picture shows.")


class DescribeForm(Strict):
    alt = serializers.CharField(allow_blank=True, help_text="What the picture shows.")


class EditForm(Strict):
    # Not trimmed: the service cleans text in its own way, the same for every door.
    body = serializers.CharField(trim_whitespace=False)


class RedactForm(Strict):
    reason = serializers.CharField(max_length=280, required=False, allow_blank=True, default="")


class ReportForm(Strict):
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ReadForm(Strict):
    seq = number()


class InvitationForm(Strict):
    role = serializers.ChoiceField(choices=["member", "guest"], default="member")
    expires_in_hours = serializers.IntegerField(min_value=1, max_value=24 * 90, default=24 * 7)
    max_uses = serializers.IntegerField(min_value=1, max_value=10_000, required=False, allow_null=True, default=None)


class AcceptForm(Strict):
    secret = serializers.CharField(max_length=128)


class TokenForm(Strict):
    name = serializers.CharField(max_length=64)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=ApiToken.Scope.choices),
        default=["read", "write"],
        min_length=1,
        max_length=4,
    )
    rooms = serializers.ListField(
        child=serializers.SlugField(max_length=64),
        default=list,
        max_length=100,
        help_text="Slugs of the only rooms the token is good for. Empty: all of yours.",
    )
    expires_in_days = serializers.IntegerField(
        min_value=1, max_value=3650, allow_null=True, default=90, help_text="null: never."
    )


class PeopleQuery(Strict):
    q = serializers.CharField(max_length=64, allow_blank=True, default="")
    room = serializers.SlugField(max_length=64, required=False, help_text="Only members of this room.")
    limit = serializers.IntegerField(min_value=1, max_value=50, default=10)


class SearchQuery(Strict):
    q = serializers.CharField(
        max_length=256, help_text='Words, «"a phrase"», «-without», «or»; «from:username» for one person\'s messages.'
    )
    before = serializers.UUIDField(required=False, help_text="The id of the last result you have.")
    limit = serializers.IntegerField(min_value=1, max_value=100, default=20)


class ProfileForm(Strict):
    display_name = serializers.CharField(max_length=64, required=False, allow_blank=True, validators=[check_name])
    about = serializers.CharField(max_length=280, required=False, allow_blank=True)
