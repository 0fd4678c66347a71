"""Run a module whose forked processes die with it: python -m scripts.leashed celery -A portal.celery worker ...

A worker that is killed would leave its pool behind; a pool process without its worker waits for ever.
"""

from __future__ import annotations

import runpy
import sys

from scripts.processes import forks_die_with_us

if __name__ == "__main__":
    forks_die_with_us()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
