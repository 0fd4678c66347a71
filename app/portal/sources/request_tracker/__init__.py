"""Request Tracker 5 (RT), read through its REST 2 interface."""
