"""ServiceNow, read through its Table API. README.md says what it needs and what it checks."""
