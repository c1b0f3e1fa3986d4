"""What holds for every test: Hypothesis profiles, and a home and an environment that are not the developer's own."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest
from hypothesis import HealthCheck, settings

# The word of the user's own machine may change no test: no proxy, no settings of Postroom, no folder of his.
OWN_FOLDERS = ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")

settings.register_profile("local", deadline=None, max_examples=100)
# The same examples in every run: a submission fails for what it changed, and not by chance.
settings.register_profile("ci", deadline=None, max_examples=60, derandomize=True, print_blob=True)
# For an evening: HYPOTHESIS_PROFILE=long make test-fast
settings.register_profile(
    "long", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
# make fuzz
settings.register_profile(
    "fuzz",
    deadline=None,
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "20000")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the profile and move every worker into an empty home of its own."""
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "local"))
    for name in [*PROXIES, *(name for name in os.environ if name.startswith("POSTROOM_"))]:
        os.environ.pop(name, None)
    home = tempfile.mkdtemp(prefix="postroom-tests-home-")
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    for name in OWN_FOLDERS:
        os.environ[name] = home
