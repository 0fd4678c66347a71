"""Backup and restore: the database, the documents, the settings; sealed for a key that is not on the host."""
