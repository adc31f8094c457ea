from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

Effects = dict[str, str]
ADDRESS = r"\Ahttps?://[^\s/@?#\\]+(/[^\s\\]*)?\Z"
EFFECTS = ("reads", "writes", "irreversible")


def validate_effects(value: Any) -> None:
    if not isinstance(value, dict) or any(effect not in EFFECTS for effect in value.values()):
        raise ValidationError(f"An object of tools and what each does: {', '.join(EFFECTS)}.")


class McpServer(models.Model):
    """A server of tools by the Model Context Protocol. Its tools are called `name__tool`; no agent has one by itself.

    Either `url` (streamable HTTP) or `command`, the name of one in `settings.MCP_COMMANDS`: what is started on this
    machine is not said in a form. `key_env` names the environment variable with its key, so that no key is kept here.

    `tools` is what it offered when it was last asked, cleaned (`tools.mcp_offers`); `problem` says in a sentence why it
    cannot be used, `effects` what the staff knows better about a tool than the server says.
    """

    name = models.CharField(
        max_length=16, unique=True, validators=[RegexValidator(r"\A[a-z][a-z0-9]*\Z", "Small letters and digits.")]
    )
    url = models.CharField(
        max_length=500, blank=True, validators=[RegexValidator(ADDRESS, "http:// or https://, without a name.")]
    )
    command = models.CharField(max_length=64, blank=True)
    key_env = models.CharField(
        max_length=64,
        blank=True,
        validators=[RegexValidator(r"\AMCP_[A-Z0-9_]+\Z", "Begins with MCP_.")],
    )
    key_header = models.CharField(max_length=64, default="Authorization")
    internal = models.BooleanField(default=False, help_text="It may have a private address, such as one of this house.")
    enabled = models.BooleanField(default=True)
    effects: models.JSONField[Effects, Effects] = models.JSONField(
        default=dict, blank=True, validators=[validate_effects]
    )
    tools: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list, editable=False)
    problem = models.CharField(max_length=280, blank=True, editable=False)
    asked_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager[McpServer]] = models.Manager()

    class Meta:
        ordering = ["name"]
        verbose_name = "MCP server"
        constraints = [
            models.CheckConstraint(
                name="mcp_server_is_somewhere", condition=Q(url="", command__gt="") | Q(url__gt="", command="")
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if bool(self.url) == bool(self.command):
            raise ValidationError("Either an address or a command.")
