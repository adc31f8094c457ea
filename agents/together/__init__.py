"""Agents that answer one question together: who does what (`patterns`, `planning`), what each is told (`material`),
what they say to each other (`acts`), and what comes next when one has said it (`going_on`: by a plan in `planned`,
in rounds in `talking`, and towards the end of every way in `stages`)."""
