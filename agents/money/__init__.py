"""Money: `reserve` before a model is called, `settle` when the step ends. See docs/budgets.md."""

from .payers import payer_of
from .purse import Purse
from .reserving import Refusal, Reserved, reserve
from .settling import give_back_orphaned, held_for, settle

__all__ = ["Purse", "Refusal", "Reserved", "give_back_orphaned", "held_for", "payer_of", "reserve", "settle"]
