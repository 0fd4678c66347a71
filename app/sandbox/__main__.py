"""`python -m sandbox serve` and `python -m sandbox make-tickets`."""

from __future__ import annotations

from sandbox.cli import main

raise SystemExit(main())
