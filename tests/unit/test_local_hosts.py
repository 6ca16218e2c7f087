"""Host headers that the local stack answers: a page on the internet must not reach it by DNS rebinding."""

import socket

import pytest

from local import hosts


@pytest.fixture(autouse=True)
def _named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Laptop.home.arpa")


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:8787", "LOCALHOST:1", "localhost.", "127.0.0.1", "127.0.0.1:8787", "127.9.9.9"),
        *("[::1]", "[::1]:8787", "192.168.1.20:8787", "10.0.0.5", "172.16.0.1", "172.31.255.254", "169.254.1.1"),
        *("[fe80::1]", "[fd12:3456::1]:80", "100.64.0.1", "laptop", "laptop.local:8787", "Laptop.Home.Arpa"),
    ],
)
def test_names_and_addresses_of_this_machine_and_its_network_are_answered(host: str) -> None:
    assert hosts.is_local(host)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "",
            " ",
            "evil.example",
            "evil.example:8787",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "evil.localhost.com",
        ),
        *("8.8.8.8", "172.32.0.1", "[2001:4860:4860::8888]", "::1", "[localhost]", "localhost:port", "localhost:1:2"),
        *(
            "user@localhost",
            "localhost/x",
            "localhost, evil.example",
            "printer.local",
            "127.1",
            "0x7f000001",
            "2130706433",
        ),
    ],
)
def test_other_names_are_refused(host: str) -> None:
    assert not hosts.is_local(host)
