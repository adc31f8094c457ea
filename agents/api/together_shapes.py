from __future__ import annotations

from rest_framework import serializers

from rooms.api.shapes import Shape

from ..models import Stance


class PositionShape(Shape):
    agent = serializers.CharField()
    stance = serializers.ChoiceField(choices=Stance.choices)
    evidence = serializers.CharField()


class DecisionShape(Shape):
    chosen = serializers.ChoiceField(choices=Stance.choices, allow_blank=True)
    why = serializers.CharField()
    by = serializers.CharField()
    at = serializers.CharField()


class DisputeShape(Shape):
    id = serializers.UUIDField()
    number = serializers.IntegerField()
    point = serializers.CharField()
    positions = PositionShape(many=True)
    chosen = serializers.ChoiceField(
        choices=Stance.choices, allow_blank=True, help_text="agree: the point holds. Empty while nothing is decided."
    )
    why = serializers.CharField()
    decided_by = serializers.CharField(allow_null=True, help_text="An agent, or the person who flipped it last.")
    decided_at = serializers.DateTimeField(allow_null=True)
    earlier = DecisionShape(many=True, help_text="What was decided before, oldest first.")


class ContributionShape(Shape):
    text = serializers.CharField()
    html = serializers.CharField(help_text="Safe HTML.")
    acts = serializers.ListField(
        child=serializers.DictField(), help_text="share, delegate, ask, agree, disagree, review"
    )
    failed = serializers.CharField(help_text="Why there is none, as a sentence.")
    score = serializers.IntegerField(allow_null=True, help_text="Of a review, 1 to 5.")
    points = serializers.ListField(child=serializers.CharField())
    subtasks = serializers.ListField(child=serializers.DictField(), help_text="Of a plan.")
    decisions = serializers.ListField(child=serializers.DictField(), help_text="Of a step that resolves.")
