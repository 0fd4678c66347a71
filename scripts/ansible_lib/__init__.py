"""What the repository's own commands do with ansible/: layers with baked roles, molecule's hosts, the roles' pages."""
