"""What is wrong with a host, looked at once (doctor) or every minute (monitor); with cause and remedy."""
