"""What pages ask for. Forms read and give back what was typed; whether it is allowed, the services say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self

from django import forms

from ..legible import check_name
from ..models import ApiToken, Room, User
from ..roles import Role

VISIBILITIES = [
    (Room.Visibility.PUBLIC, "Public", "Everyone with an account can find it, read along and join."),
    (Room.Visibility.PRIVATE, "Private", "Only its members know that it is there."),
]
SCOPES = [
    (ApiToken.Scope.READ, "Read", "rooms, messages and events"),
    (ApiToken.Scope.WRITE, "Write", "post, edit, react, join and leave"),
    (ApiToken.Scope.MODERATE, "Moderate", "members, invitations, other people's messages"),
    (ApiToken.Scope.ADMIN, "Administer", "rooms, roles, agents"),
]
DAYS = [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("366", "1 year")]


class Explained(str):
    """The label of a choice, with a sentence under it."""

    sentence: str

    def __new__(cls, label: str, sentence: str = "") -> Self:
        made = super().__new__(cls, label)
        made.sentence = sentence
        return made


def explained(choices: list[tuple[Any, str, str]]) -> list[tuple[Any, str]]:
    return [(value, Explained(label, sentence)) for value, label, sentence in choices]


class SayForm(forms.Form):
    body = forms.CharField(required=False, strip=False, widget=forms.Textarea)
    client_id = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    reply_to = forms.UUIDField(required=False, widget=forms.HiddenInput)


class RoomForm(forms.Form):
    name = forms.CharField(max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    topic = forms.CharField(
        max_length=280, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}), label="What it is about"
    )
    visibility = forms.ChoiceField(
        choices=explained(VISIBILITIES), widget=forms.RadioSelect, initial=Room.Visibility.PRIVATE, label="Who may read"
    )


class MemberForm(forms.Form):
    username = forms.CharField(max_length=33, widget=forms.TextInput(attrs={"autocomplete": "off", "list": "everyone"}))
    role = forms.ChoiceField(choices=Role.choices, initial=Role.MEMBER)

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        return name.strip().lower().removeprefix("@")


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


class InvitationForm(forms.Form):
    role = forms.ChoiceField(choices=[(Role.MEMBER, "Member"), (Role.GUEST, "Guest")], label="Comes in as")
    days = forms.ChoiceField(choices=[("1", "1 day"), *DAYS[:3]], initial="7", label="Holds for")
    max_uses = forms.IntegerField(required=False, min_value=1, max_value=10_000, label="Uses, at most")

    def clean_days(self) -> timedelta:
        return timedelta(days=int(self.cleaned_data["days"]))


class ProfileForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ("display_name", "about")
        labels = {"display_name": "Name", "about": "About you"}
        widgets = {"about": forms.Textarea(attrs={"rows": 3, "maxlength": 280})}
        help_texts = {"display_name": "What stands above your messages. Your @name stays the same."}

    def clean_display_name(self) -> str:
        name: str = self.cleaned_data["display_name"]
        check_name(name)
        return name


class TokenForm(forms.Form):
    name = forms.CharField(max_length=64, label="What it is for", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    scopes = forms.MultipleChoiceField(
        choices=explained(SCOPES), widget=forms.CheckboxSelectMultiple, label="What it may do"
    )
    days = forms.ChoiceField(choices=[*DAYS, ("", "No end")], initial="90", required=False, label="Holds for")

    def clean_days(self) -> timedelta | None:
        days = self.cleaned_data["days"]
        return timedelta(days=int(days)) if days else None


class SearchForm(forms.Form):
    q = forms.CharField(required=False, max_length=200, label="Search")
