"""Every metric is made in one file; its words and its labels are judged beside it, in tests/observability."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.tree import RUNTIME, Module, dotted, modules, origins

KINDS = frozenset(
    [
        *(f"prometheus_client.{kind}" for kind in ("Counter", "Gauge", "Histogram", "Summary", "Info", "Enum")),
        *(f"prometheus_client.core.{kind}MetricFamily" for kind in ("Counter", "Gauge", "Histogram", "Info")),
        *(f"prometheus_client.metrics_core.{kind}MetricFamily" for kind in ("Counter", "Gauge", "Histogram", "Info")),
    ]
)


def metrics(module: Module) -> Iterator[ast.Call]:
    """Every place where the module makes a metric."""
    known = origins(module.tree)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and dotted(node.func, known) in KINDS:
            yield node


def test_every_metric_is_made_in_one_file() -> None:
    makers = {module.room for module in modules(RUNTIME) if any(metrics(module))}
    assert makers == {"observability/metrics.py"}
