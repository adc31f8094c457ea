"""What answers look like, for OpenAPI. Nothing is rendered with these; a test holds them against real answers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ..models import ApiToken, Attachment, Membership, Message, Room, User


class Shape(serializers.Serializer[Any]):
    pass


class ErrorShape(Shape):
    code = serializers.CharField(help_text="For programs: invalid, not_authenticated, forbidden, not_found, …")
    detail = serializers.CharField(help_text="For people: a sentence.")
    fields = serializers.DictField(child=serializers.ListField(child=serializers.CharField()), required=False)  # type: ignore[assignment]


class PersonShape(Shape):
    username = serializers.CharField()
    display_name = serializers.CharField()
    kind = serializers.ChoiceField(choices=User.Kind.choices)
    avatar = serializers.CharField(
        help_text="What stands on the face: an emoji, letters, or nothing for the name's own."
    )
    hue = serializers.IntegerField(allow_null=True, help_text="The colour of the face, 0 to 359. Null: the name's own.")


class MeShape(PersonShape):
    about = serializers.CharField()
    email = serializers.CharField()
    usage = serializers.DictField(help_text="What was used today; other parts of the house add to it.")


class QuoteShape(Shape):
    id = serializers.UUIDField()
    seq = serializers.IntegerField()
    author = serializers.CharField()
    excerpt = serializers.CharField()


class ReactionShape(Shape):
    emoji = serializers.CharField()
    count = serializers.IntegerField()
    users = serializers.ListField(child=serializers.CharField())


class AttachmentShape(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Attachment.Kind.choices)
    type = serializers.CharField(help_text="image/png, image/jpeg, image/gif, image/webp; of any other file unknown.")
    size = serializers.IntegerField(help_text="Bytes.")
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    alt = serializers.CharField(help_text="What it shows, in the words of who uploaded it.")
    url = serializers.CharField(help_text="The picture, or the file as a download.")
    thumbnail = serializers.CharField(allow_null=True, help_text="A small WebP of a picture.")


class MessageShape(Shape):
    id = serializers.UUIDField()
    seq = serializers.IntegerField(help_text="Its place in the room's log.")
    room = serializers.SlugField()
    author = PersonShape()
    body = serializers.CharField(help_text="Markdown. Empty once withdrawn or redacted.")
    html = serializers.CharField(help_text="Safe HTML, drawn from the body.")
    state = serializers.ChoiceField(choices=Message.State.choices)
    mentions = serializers.ListField(child=serializers.CharField())
    reply_to = serializers.UUIDField(allow_null=True)
    reply = QuoteShape(allow_null=True, help_text="What it replies to, when everybody here may read that.")
    thread = serializers.UUIDField(allow_null=True)
    visible_to = serializers.ListField(child=serializers.CharField(), allow_null=True)
    reactions = ReactionShape(many=True)
    attachments = AttachmentShape(many=True)
    run = serializers.UUIDField(allow_null=True)
    notice = serializers.CharField(help_text="Why it was interrupted.")
    client_id = serializers.CharField()
    edited_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class PageShape(Shape):
    results = MessageShape(many=True)
    has_before = serializers.BooleanField()
    has_after = serializers.BooleanField()


class RevisionShape(Shape):
    body = serializers.CharField()
    edited_by = PersonShape()
    created_at = serializers.DateTimeField(help_text="When this wording was replaced.")


class HistoryShape(Shape):
    results = RevisionShape(many=True)


class RoomShape(Shape):
    slug = serializers.SlugField()
    name = serializers.CharField()
    topic = serializers.CharField()
    visibility = serializers.ChoiceField(choices=Room.Visibility.choices)
    kind = serializers.ChoiceField(choices=Room.Kind.choices)
    role = serializers.ChoiceField(choices=Membership.Role.choices, allow_null=True, help_text="Mine; null: no member.")
    last_seq = serializers.IntegerField()
    read_seq = serializers.IntegerField(help_text="How far I have read.")
    unread = serializers.IntegerField(help_text="Messages of others I have not read, counted up to 100.")
    created_at = serializers.DateTimeField()


class RoomsShape(Shape):
    results = RoomShape(many=True)
    has_after = serializers.BooleanField()


class MemberShape(PersonShape):
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    joined_at = serializers.DateTimeField()


class MembersShape(Shape):
    results = MemberShape(many=True)


class PeopleShape(Shape):
    results = PersonShape(many=True)


class PresenceShape(Shape):
    results = serializers.ListField(child=serializers.CharField(), help_text="Usernames of those who are here now.")


class ReadShape(Shape):
    read_seq = serializers.IntegerField()
    unread = serializers.IntegerField()


class InvitationShape(Shape):
    id = serializers.CharField()
    role = serializers.ChoiceField(choices=["member", "guest"])
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    max_uses = serializers.IntegerField(allow_null=True)
    uses = serializers.IntegerField()


class NewInvitationShape(InvitationShape):
    secret = serializers.CharField(help_text="Shown this once.")
    url = serializers.URLField(help_text="The link to hand on.")


class InvitationsShape(Shape):
    results = InvitationShape(many=True)


class TokenShape(Shape):
    id = serializers.CharField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=ApiToken.Scope.choices))
    bound = serializers.BooleanField(help_text="Only for its rooms, also when they are gone.")
    rooms = serializers.ListField(child=serializers.SlugField(), help_text="Those of a bound token.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")


class NewTokenShape(TokenShape):
    token = serializers.CharField(help_text="Shown this once.")


class TokensShape(Shape):
    results = TokenShape(many=True)


class FoundShape(MessageShape):
    snippet = serializers.CharField(help_text="Plain text around what was found.")
    matches = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        help_text="Where in the snippet the words stand: [start, end) in code points.",
    )


class FoundPageShape(Shape):
    results = FoundShape(many=True)
    has_more = serializers.BooleanField()
