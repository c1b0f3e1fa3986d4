"""What an operator is given beside the program: alerts that fire when they should, and files that say what is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from postroom.observability.metrics import Metrics
from tests.support.servers import need

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yaml"
NAME = re.compile(r"\bpostroom_[a-z0-9_]+")


def read(file: Path) -> Any:  # noqa: ANN401 whatever a YAML file holds
    return YAML(typ="safe").load(file.read_text())


def alerts() -> list[dict[str, Any]]:
    return [rule for group in read(RULES)["groups"] for rule in group["rules"]]


def known_names() -> set[str]:
    """Every name that a series of ours can have."""
    families = Metrics("test").registry.collect()
    suffixes = ("", "_total", "_bucket", "_sum", "_count")
    return {family.name + suffix for family in families for suffix in suffixes}


def test_every_metric_that_an_alert_asks_for_is_there() -> None:
    named = {name for alert in alerts() for name in NAME.findall(alert["expr"])}
    assert len(named) > 10
    assert named <= known_names()


def test_every_alert_says_how_urgent_it_is_and_what_is_the_matter_and_is_tested() -> None:
    tested = {test["name"] for test in read(RULES.with_name("alerts.test.yaml"))["tests"]}
    for alert in alerts():
        assert alert["labels"]["severity"] in {"page", "ticket"}, alert["alert"]
        assert alert["annotations"]["summary"], alert["alert"]
    assert {alert["alert"] for alert in alerts()} == tested


@pytest.mark.server
@pytest.mark.parametrize("words", [("check", "rules", "alerts.yaml"), ("test", "rules", "alerts.test.yaml")])
def test_alerts_fire_when_they_should(words: tuple[str, ...]) -> None:
    command = [str(need("promtool")), *words]
    result = subprocess.run(command, cwd=RULES.parent, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_prometheus_beside_it_reads_the_alerts_and_asks_the_right_port() -> None:
    settings = read(RULES.with_name("prometheus.yaml"))
    assert settings["rule_files"] == [RULES.name]
    (job,) = settings["scrape_configs"]
    assert (job["job_name"], job["static_configs"]) == ("postroom", [{"targets": ["postroom:9025"]}])


def test_containers_are_read_only_and_may_do_nothing_special() -> None:
    services = read(DEPLOY / "compose.yaml")["services"]
    for name, service in services.items():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name
        assert service["image"].partition(":")[2] != "latest", name
    ours = services["postroom"]
    assert "/var/lib/postroom" in str(ours["volumes"])
    assert "/healthz" in ours["healthcheck"]["test"][-1]


def test_what_compose_mounts_from_here_is_here() -> None:
    for service in read(DEPLOY / "compose.yaml")["services"].values():
        for mount in service["volumes"]:
            source = mount.partition(":")[0]
            if source.startswith("./") and source != "./etc":
                assert (DEPLOY / source).is_file(), source
