"""An answer being written: the model's words, through the gates, to the room. No ORM in here."""
