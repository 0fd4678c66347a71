"""Releases are built and signed here; scripts/proforma_install puts them on hosts. See docs/releases.md."""
