"""`manage.py up`: checks, servers, children, and an end that leaves nothing behind. Nothing here needs Django."""
