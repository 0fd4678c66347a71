"""Systemd hosts made by ./scripts/host, in a group of the test's own."""
