"""The door for people with a browser: pages drawn on the server, forms that work without scripts."""
