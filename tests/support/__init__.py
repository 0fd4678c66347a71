"""What several tests need: counterparts that are started for them."""
