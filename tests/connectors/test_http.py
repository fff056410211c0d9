"""The HTTP connector against a server on loopback: it calls what is allowed, and is led nowhere else."""

import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat
from cryptography.x509.oid import NameOID

from connectors.http import Http, Origin, is_public
from engine.ports import Failed
from tests.connectors.kit import Website, ask, website

NOBODY: Any = None
"""A connector that talks to a network must not need the database."""


@pytest.fixture
def site() -> Iterator[Website]:
    with website() as opened:
        yield opened


@pytest.fixture
def http(site: Website) -> Http:
    return Http([f"{site.origin}=127.0.0.0/8"], seconds=1)


def test_an_answer_comes_back_as_data(site: Website, http: Http) -> None:
    site.says("/orders", b'{"order": 7}')

    answer = ask(
        NOBODY, http, "post", url=f"{site.origin}/orders", body={"sku": "A-1"}, headers={"X-Api": "k"}
    )

    assert answer == {"status": 200, "body": {"order": 7}}
    method, _, headers, body = site.asked[0]
    assert (method, body) == ("POST", b'{"sku":"A-1"}')
    assert headers["Host"] == site.origin.removeprefix("http://")
    assert headers["X-Api"] == "k"


def test_a_retry_carries_the_same_key(site: Website, http: Http) -> None:
    site.says("/", b"{}")

    for _ in range(2):
        ask(NOBODY, http, "put", key="12:ab", url=f"{site.origin}/")

    assert [headers["Idempotency-Key"] for _, _, headers, _ in site.asked] == ["12:ab", "12:ab"]


@pytest.mark.parametrize(
    "url",
    [
        "http://somewhere.example/",
        "http://localhost:1/",
        "http://localhost/",
        "ftp://localhost/",
        "file:///etc/passwd",
        "//localhost/",
        "http://[::1",
        "http://localhost:99999999/",
        "",
    ],
)
def test_an_address_that_is_not_listed_is_refused_before_anything_is_asked(
    site: Website, http: Http, url: str
) -> None:
    with pytest.raises(Failed) as refused:
        ask(NOBODY, http, "get", url=url)

    assert refused.value.permanent
    assert site.asked == []


def test_a_user_name_in_the_address_is_refused(site: Website, http: Http) -> None:
    with pytest.raises(Failed, match="not on the list"):
        ask(NOBODY, http, "get", url=site.origin.replace("http://", "http://user@"))


def test_a_listed_name_that_leads_into_the_house_is_refused(site: Website) -> None:
    http = Http([site.origin])

    with pytest.raises(Failed, match="leads to an address") as refused:
        ask(NOBODY, http, "get", url=f"{site.origin}/")

    assert (refused.value.code, refused.value.permanent) == ("NOT_ALLOWED", True)
    assert site.asked == []


def test_without_a_list_nothing_is_allowed(site: Website) -> None:
    with pytest.raises(Failed, match="not on the list"):
        ask(NOBODY, Http(), "get", url=site.origin)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",  # an address to refuse
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "172.31.0.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.255",
        "255.255.255.255",
        "::1",
        "::",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:1::1",
        "2001:db8::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
    ],
)
def test_inner_reserved_and_translated_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "2a00:1450::1"])
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert is_public(address)


def test_an_inner_host_is_admitted_only_into_its_own_network() -> None:
    origin = Origin.read("http://erp.wislane.example:8080=10.1.0.0/16")

    assert origin.admits("10.1.2.3")
    assert not origin.admits("10.2.0.1")
    assert not origin.admits("8.8.8.8")
    assert not origin.admits("::1")


@pytest.mark.parametrize("text", ["api.example.com", "ftp://x.example", "https://", "https://x.example/path"])
def test_an_origin_that_is_none_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        Http([text])


def test_a_redirect_is_not_followed(site: Website, http: Http) -> None:
    site.says("/", b"", 302, Location=f"{site.origin}/secret")

    with pytest.raises(Failed) as refused:
        ask(NOBODY, http, "get", url=f"{site.origin}/")

    assert (refused.value.code, refused.value.permanent) == ("HTTP_302", True)
    assert [path for _, path, _, _ in site.asked] == ["/"]


@pytest.mark.parametrize(
    ("status", "permanent"), [(400, True), (404, True), (429, False), (500, False), (503, False)]
)
def test_only_what_may_pass_is_tried_again(site: Website, http: Http, status: int, permanent: bool) -> None:
    site.says("/", b"{}", status)

    with pytest.raises(Failed) as refused:
        ask(NOBODY, http, "get", url=f"{site.origin}/")

    assert (refused.value.code, refused.value.permanent) == (f"HTTP_{status}", permanent)


def test_an_answer_larger_than_a_megabyte_is_refused(site: Website, http: Http) -> None:
    site.says("/", b'"' + b"a" * 1_000_001 + b'"')

    with pytest.raises(Failed, match="larger") as refused:
        ask(NOBODY, http, "get", url=f"{site.origin}/")

    assert refused.value.permanent


def test_a_body_that_is_not_json_is_refused(site: Website, http: Http) -> None:
    site.says("/", b"<html>")

    with pytest.raises(Failed, match="JSON"):
        ask(NOBODY, http, "get", url=f"{site.origin}/")


def test_a_server_that_drips_is_left_at_the_deadline(site: Website) -> None:
    http = Http([f"{site.origin}=127.0.0.0/8"], seconds=0.4)
    site.drips("/")
    began = time.monotonic()

    with pytest.raises(Failed) as failed:
        ask(NOBODY, http, "get", url=f"{site.origin}/")

    assert time.monotonic() - began < 1.5
    assert not failed.value.permanent


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for ``name`` that nobody but this test trusts, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "cert.pem", folder / "key.pem"
    public.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    )
    return public, private


@pytest.mark.parametrize(("name", "trusted"), [("localhost", True), ("other.example", False)])
def test_over_tls_the_name_is_asked_for_and_checked_though_the_address_was_chosen_before(
    tmp_path: Path, name: str, trusted: bool
) -> None:
    public, private = _certificate(tmp_path, name)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(public, private)
    asked_for: list[str] = []
    server.sni_callback = lambda _socket, asked, _context: asked_for.append(asked)
    trust = ssl.create_default_context(cafile=str(public))

    with website(server) as site:
        site.says("/", b'"hello"')
        http = Http([f"{site.origin}=127.0.0.0/8"], tls=trust)
        if trusted:
            assert ask(NOBODY, http, "get", url=f"{site.origin}/")["body"] == "hello"
        else:
            with pytest.raises(Failed, match="does not answer"):
                ask(NOBODY, http, "get", url=f"{site.origin}/")

    assert asked_for == ["localhost"]


def test_a_server_that_is_away_may_be_tried_again() -> None:
    with website() as gone:
        origin = gone.origin

    with pytest.raises(Failed) as failed:
        ask(NOBODY, Http([f"{origin}=127.0.0.0/8"]), "get", url=origin)

    assert not failed.value.permanent


@pytest.mark.parametrize("headers", [{"Host": "x"}, {"A": "b\r\nC: d"}, {"A b": "c"}, {"A": "ż"}, ["A"]])
def test_headers_that_would_smuggle_something_are_refused(site: Website, http: Http, headers: Any) -> None:
    with pytest.raises(Failed) as refused:
        ask(NOBODY, http, "get", url=site.origin, headers=headers)

    assert refused.value.code == "BAD_INPUT"
    assert site.asked == []


def test_an_unknown_operation_is_refused(http: Http) -> None:
    with pytest.raises(Failed, match="has no operation"):
        ask(NOBODY, http, "trace", url="http://localhost/")
