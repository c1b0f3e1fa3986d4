"""What is written of settings is read as the same settings again."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings

from postroom.settings.convert import record
from postroom.settings.nodes import node_of
from postroom.settings.problem import Page
from postroom.settings.schema import Tenant
from postroom.settings.written import record as written
from tests.settings.tenants import SECRET, tenants

SLOW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def page() -> Page:
    return Page("", Path(), lambda _node, _path: SECRET, first_line=0)


@SLOW
@given(tenants())
def test_whatever_is_written_is_read_as_the_same(tenant: Tenant) -> None:
    for every_key in (False, True):
        found = page()
        document = written(tenant, lambda _: {"secret": "set"}, every_key=every_key)
        again = record(Tenant, node_of(document), "", found)
        assert found.problems == []
        assert again == tenant
