"""Where the runtime may connect to: the forms a URL may have, and the addresses it may resolve to."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from postroom.settings.targets import is_loopback, is_network, is_url, refusal

NO_URLS = (
    "", "robot.example", "//robot.example/x", "/answers", "ftp://robot.example", "file:///etc/passwd", "gopher://x.example",
    "javascript:alert(1)", "data:text/plain,x", "unix:/run/x.sock", "http:", "http://", "https:///x", "http://:80/",
    "http://user@robot.example/", "http://user:password@robot.example/", "http://robot.example#@evil.example/",
    "http://robot.example\\@evil.example/", "http://robot.example:0/", "http://robot.example:65536/",
    "http://robot.example:http/", "http://robot.example /", "http://robot.example/\r\nHost: evil.example",
    "http://robot.example/\tx", "http://röbot.example/", "http://１２７.0.0.1/", "http://robot.example%2eevil/",
    "http://2852039166/", "http://0xa9fea9fe/", "http://0xa9.0xfe.0xa9.0xfe/", "http://0251.0376.0251.0376/",
    "http://169.254.43518/", "http://127.1/", "http://0/", "http://017700000001/", "http://[::1/", "http://::1/",
    "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://-robot.example/", "http://robot..example/",
    "http://robot.example./", "http://<robot>/", 'http://"robot"/', "http://[::ffff:169.254.169.254]@evil.example/",
    "http://[b::]X?/", "http://" + "a" * 3000,
)  # fmt: skip
REFUSED = (
    "169.254.169.254", "169.254.0.1", "100.100.100.200", "192.0.0.192", "fe80::1", "fe80::1%eth0", "fd00:ec2::254",
    "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::a9fe:a9fe", "0.0.0.0",
    "::", "224.0.0.1", "ff02::1", "240.0.0.1", "255.255.255.255", "127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1",
    "64:ff9b::7f00:1", "4000::1", "no address",
)  # fmt: skip


@pytest.mark.parametrize("text", NO_URLS)
def test_what_is_no_plain_url_is_refused(text: str) -> None:
    assert not is_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://robot.example/answers?v=1", "http://localhost:8000", "https://10.1.2.3:8443/x", "https://[2001:db8::1]/",
        "HTTPS://Robot.Example/", "https://robot_1.internal/", "https://a.b-c.example:65535",
    ],
)  # fmt: skip
def test_a_plain_url_is_taken(text: str) -> None:
    assert is_url(text)


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_serves_no_robot_is_refused_whatever_its_form(address: str) -> None:
    assert refusal(address, "robot.example")


@pytest.mark.parametrize("address", ["93.184.216.34", "10.0.0.7", "192.168.1.1", "2606:2800::1", "64:ff9b::5db8:d822"])
def test_a_servers_address_is_connected_to(address: str) -> None:
    assert refusal(address, "robot.example") is None


def test_this_machine_is_connected_to_only_under_its_own_name() -> None:
    for host in ("localhost", "127.0.0.1", "::1"):
        assert is_loopback(host)
        assert refusal("127.0.0.1", host) is None
        assert refusal("::1", host) is None
        assert refusal("169.254.169.254", host)
    assert not is_loopback("robot.example")
    assert not is_loopback("10.0.0.1")


def test_a_range_that_is_allowed_is_connected_to_and_no_other() -> None:
    allowed = (ip_network("169.254.10.0/24"), ip_network("127.0.0.0/8"))
    assert refusal("169.254.10.5", "robot.example", allowed) is None
    assert refusal("::ffff:169.254.10.5", "robot.example", allowed) is None
    assert refusal("127.0.0.1", "robot.example", allowed) is None
    assert refusal("169.254.169.254", "robot.example", allowed)


def test_a_range_has_no_bits_beyond_its_mask() -> None:
    assert is_network("10.0.0.0/8")
    assert is_network("::1")
    assert not is_network("10.0.0.1/8")
    assert not is_network("everything")
