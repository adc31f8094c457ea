"""The wiring: settings, addresses, servers and the one command that starts them. No logic of the chat itself.

Kept empty of imports: the supervisor of `manage.py up` lives in this package and needs neither Django nor Celery.
"""
