"""Money: `reserve` before a model is called, `settle` when the step ends. See docs/budgets.md."""

from .payers import payer_of
from .purse import Purse
from .reserving import Refusal, Reserved, reserve
from .settling import price_held, settle

__all__ = ["Purse", "Refusal", "Reserved", "payer_of", "price_held", "reserve", "settle"]
