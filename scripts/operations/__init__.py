"""What runs on hosts beside the portal: backup, restore, monitor, doctor, shipping of logs. Standard library only."""
