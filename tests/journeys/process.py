"""Starts the real process for a journey, talks to it as an agent would, and kills it as a power cut would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import httpx

from postroom.api.operator.address import socket_address
from postroom.engine.set_clock import CLOCK_START
from tests.journeys.config import TOKENS

PATIENCE = 40.0


def log_of(config: Path) -> Path:
    """Where the process writes its log: not into the configuration's folder, whose changes it reads."""
    return config.with_name(f"{config.name}.log")


class Process:
    """One run of `postroom run`."""

    def __init__(self, config: Path, ops: int, failpoint: str = "", at: datetime | None = None) -> None:
        self._ops = ops
        self._store = config / "var"
        self._log = log_of(config).open("ab")
        environment = {**os.environ, "JOURNEY_POP3_PASSWORD": "pw0", "POSTROOM_TEST_MODE": "1"}
        environment.pop("FAILPOINT", None)
        if failpoint:
            environment["FAILPOINT"] = failpoint
        if at is not None:
            environment[CLOCK_START] = at.isoformat()
        self.child = subprocess.Popen(
            [sys.executable, "-m", "postroom", "run", "--config", str(config)],
            env=environment,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def wait_ready(self) -> None:
        """Wait until /readyz says yes, or until the process has ended by itself."""
        wait_for(lambda: self.child.poll() is not None or self._is_ready(), "the process to be ready")

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self._ops}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def wait_killed(self, place: str) -> None:
        """Wait until its failpoint has killed it; fail where it ended in any other way."""
        wait_for(lambda: self.child.poll() is not None, f"the process to die at {place}")
        assert self.child.returncode == -signal.SIGKILL, f"it ended by itself with {self.child.returncode}"

    def metrics(self) -> str:
        """What Prometheus would scrape."""
        return httpx.get(f"http://127.0.0.1:{self._ops}/metrics", timeout=5).text

    def set_clock(self, to: datetime) -> None:
        """Let it be that time for the process."""
        with socket_address(self._store) as address, _operator(address) as client:
            client.post("/clock", json={"to": to.isoformat()}).raise_for_status()

    def kill(self) -> None:
        """As a power cut: no handler runs."""
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        self._log.close()

    def stop(self) -> int:
        """As an operator: SIGTERM, and the exit code."""
        self.child.send_signal(signal.SIGTERM)
        code = self.child.wait(timeout=PATIENCE)
        self._log.close()
        return code


@contextmanager
def running(config: Path, ops: int, failpoint: str = "", at: datetime | None = None) -> Iterator[Process]:
    """A ready process, killed at the end if it is still there."""
    process = Process(config, ops, failpoint, at)
    try:
        process.wait_ready()
        yield process
    except AssertionError as error:
        error.add_note(log_of(config).read_text()[-6000:])
        raise
    finally:
        process.kill()


def _operator(address: str) -> httpx.Client:
    transport = httpx.HTTPTransport(uds=address)
    return httpx.Client(transport=transport, base_url="http://postroom/operator/v1", timeout=10, trust_env=False)


def wait_for(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:  # noqa: ANN401 the condition's own answer
    """Ask until the answer is true and give it; fail with words after `patience` seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if answer := condition():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"waited {patience:.0f} s in vain for {what}")


class AgentClient:
    """An agent at the HTTP door."""

    def __init__(self, http: int, name: str) -> None:
        self.name = name
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{http}/api/v1/acme",
            headers={"Authorization": f"Bearer {TOKENS[name]}"},
            timeout=20,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ready(self) -> None:
        """Go ready."""
        self.be("ready")

    def be(self, state: str) -> None:
        """Be `ready`, `not_ready` or `offline`."""
        self._client.put("/me/state", json={"state": state}).raise_for_status()

    def work(self) -> dict[str, Any]:
        """What is mine."""
        answer: dict[str, Any] = self._client.get("/work").raise_for_status().json()
        return answer

    def get(self, path: str) -> httpx.Response:
        """Read something."""
        return self._client.get(path)

    def post(self, path: str, body: dict[str, Any], key: str | None = None) -> httpx.Response:
        """Do something."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._client.post(path, json=body, headers=headers)

    def bring(self, content: bytes) -> str:
        """Bring a file; gives what it is named by."""
        answer = self._client.post("/uploads", content=content).raise_for_status()
        return str(answer.json()["upload"])
