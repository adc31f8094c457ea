"""The verbs. Each is one transaction and records one event; doors have asked `access` before they call."""
