"""The merchant's console under /console/{slug}: pages for its staff. How to add one: CONTRIBUTING.md."""
