"""Getting in and out, alike for the portal and the console: the login page, the one-time link, the sessions.

What differs comes from the door (web/requests/visit.py): who may enter, where it leads, and its templates' folder.
"""
