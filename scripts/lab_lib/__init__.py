"""The lab: the whole appliance on one machine, as DevOps deploy it. Started by ./scripts/lab."""
