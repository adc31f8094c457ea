"""A provider of language models to test against: the OpenAI protocol over real HTTP, in every good and bad mood."""
