"""Who judges what is said and done. It has its place in the tower and nothing else yet: no policies, review or audit.

Until it is built, the only gates are the simple ones of the floors below, as `chatroom/settings.py` lists them.
"""
