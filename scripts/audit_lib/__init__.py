"""What independent auditors say of a host: lynis, OpenSCAP, systemd. How to use it: scripts/audit_lib/README.md."""
