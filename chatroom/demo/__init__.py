"""The demo: people, rooms and a week of their talk (`load`), and a demonstration in the terminal (`show`)."""
