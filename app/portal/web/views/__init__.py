"""Views: parse, authorise, call a service. No rule and no query of their own."""
