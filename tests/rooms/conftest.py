from tests.plugins.rest import asking  # noqa: F401
