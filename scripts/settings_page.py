"""Writes docs/settings.md from the one home of the settings, app/portal/environment.py. Run it after a change there:

PYTHONPATH=app .venv/bin/python -m scripts.settings_page
"""

from __future__ import annotations

from pathlib import Path

from portal import environment

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
INTRODUCTION = """\
# Settings

The portal reads its settings from the environment and from nowhere else. This table is generated from
[`app/portal/environment.py`](../app/portal/environment.py) by
`PYTHONPATH=app .venv/bin/python -m scripts.settings_page`; a test fails when it is stale.

"""


def main() -> None:
    PAGE.write_text(INTRODUCTION + environment.table())


if __name__ == "__main__":
    main()
