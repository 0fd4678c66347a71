"""The install step of a release, as it runs on a host: Python's standard library and Debian's openssl suffice.

`./scripts/release installer` makes one file of it. It imports nothing from the rest of the repository.
"""
