from .allowance import Allowance, Tally
from .attachment import Attachment
from .attempt import Attempt
from .event import Event
from .membership import Invitation, Membership
from .message import Message, MessageRevision, Reaction, Report
from .revocation import Revocation
from .room import Room
from .token import ApiToken
from .user import User

__all__ = [
    "Allowance",
    "ApiToken",
    "Attachment",
    "Attempt",
    "Event",
    "Invitation",
    "Membership",
    "Message",
    "MessageRevision",
    "Reaction",
    "Report",
    "Revocation",
    "Room",
    "Tally",
    "User",
]
