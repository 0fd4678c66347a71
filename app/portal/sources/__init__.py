"""Service-management platforms to collect from: one package a system, named in portal.adapters.SOURCES."""
