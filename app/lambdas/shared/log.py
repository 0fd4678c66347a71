"""One JSON object a line on standard output: what CloudWatch Logs keeps, filters and counts.

A line holds identifiers, sizes, checksums and outcomes. Never a body, a header, a secret or a word of a ticket.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping

NAMESPACE = "Proforma"
Value = str | int | float | bool | None | list[str]


def write(level: str, event: str, **fields: Value) -> None:
    """`event`: what happened, one word or two joined by `_`; it is what metric filters look for."""
    _line({"level": level, "event": event, **fields})


def count(metric: str, dimensions: Mapping[str, str], **fields: Value) -> None:
    """One more of `metric`, in CloudWatch's embedded metric format: the line itself becomes the metric.

    `dimensions` must have few different values; what identifies a thing belongs into `fields`.
    """
    told = {
        "Timestamp": int(time.time() * 1000),
        "CloudWatchMetrics": [
            {
                "Namespace": NAMESPACE,
                "Dimensions": [sorted(dimensions)],
                "Metrics": [{"Name": metric, "Unit": "Count"}],
            }
        ],
    }
    _line({"level": "INFO", "event": "metric", **fields, **dimensions, metric: 1, "_aws": told})


def unexpected(error: BaseException) -> dict[str, Value]:
    """Type and place of an error nobody foresaw. Its text is left out: it may quote what was being read."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = f"{last.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{last.tb_lineno}" if last else "?"
    return {"error": type(error).__name__, "place": place}


def _line(fields: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(fields, ensure_ascii=True, default=str) + "\n")
    sys.stdout.flush()
