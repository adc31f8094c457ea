"""Agents that answer one question together: who does what (`patterns`, `planning`), what each is told (`material`),
what they say to each other (`acts`), and what comes next when one has said it (`going_on`)."""
