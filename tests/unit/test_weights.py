"""Header fields that list values with weights (RFC 9110, 12.4.2 and 12.5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handsel.api.weights import accepts_gzip, parse_weights, prefers_html


@pytest.mark.parametrize(
    ("accept_encoding", "accepted"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br,gzip ;\tq=0.001", True),
        # 18F/18f.gsa.gov#1796
        ("gzip;q=0", False),
        ("gzip; Q=0.000", False),
        ("gzip;q=0, *", False),
        ("br, *;q=0", False),
        ("*", True),
        ("*;q=0", False),
        ("identity", False),
        ("identity;q=0", False),
        ("identity;q=0, gzip;q=0.1", True),
        ("identity, *;q=0", False),
        ("identity;q=0, *", True),
        # The client prefers the body as it is.
        ("gzip;q=0.5, identity", False),
        ("gzip;q=0.5, identity;q=0.5", True),
        # Names that contain the name.
        ("gzipped", False),
        ("not-gzip", False),
        # Invalid weights.
        ("gzip;q=2", False),
        ("gzip;q=-1", False),
        ("gzip;q=.5", False),
        ("gzip;q=0.1234", False),
        ("gzip;q=", False),
        ("gzip;q", False),
        ("gzip;q= 1", False),
        ("gzip;q=high, gzip;q=0.1", True),
        (",, ;q=1, gzip,", True),
    ],
)
def test_gzip_is_used_only_if_the_client_accepts_it(accept_encoding: str, accepted: bool) -> None:
    assert accepts_gzip(accept_encoding) is accepted


@pytest.mark.parametrize(
    ("accept", "preferred"),
    [
        ("", False),
        ("*/*", False),
        ("text/html", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", True),
        ("TEXT/HTML;level=1;q=0.3", True),
        ("text/html;q=0, */*", False),
        ("application/json", False),
        ("application/json, text/html;q=0.9", False),
        ("application/json;q=0.9, text/html", True),
        ("application/json, text/plain, */*", False),
        ("application/problem+json, text/html;q=0.1", False),
        ("text/htmlx", False),
        ("image/avif,image/webp,*/*;q=0.8", False),
    ],
)
def test_only_a_client_that_names_html_gets_a_page(accept: str, preferred: bool) -> None:
    assert prefers_html(accept) is preferred


@given(st.text(alphabet="gzip*-;q=01., \t") | st.text())
def test_any_header_is_parsed(header: str) -> None:
    assert all(0 <= weight <= 1 for weight in parse_weights(header).values())
