"""`./scripts/lab test`: what the lab has to prove, and how long it took."""
