"""One module a question. Each measure is `async (stage, cast) -> facts`; facts named in `goals` make the table."""
