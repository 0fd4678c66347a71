"""Identities as people write them, and as requests and certificates hold them."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from scripts.pki_lib import keys, names
from scripts.pki_lib.errors import RefusedError
from scripts.pki_lib.names import Identity


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("vpn.example.net", Identity("dns", "vpn.example.net")),
        (" VPN.Example.NET ", Identity("dns", "vpn.example.net")),
        ("xn--bcher-kva.example", Identity("dns", "xn--bcher-kva.example")),
        ("Mara.O+vpn@Example.net", Identity("email", "mara.o+vpn@example.net")),
        ("192.0.2.7", Identity("ip", "192.0.2.7")),
        ("2001:DB8:0::1", Identity("ip", "2001:db8::1")),
    ],
)
def test_what_an_identity_is_shows_in_how_it_is_written(text: str, identity: Identity) -> None:
    assert names.parse(text) == identity


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "gateway",
            "*.example.net",
            "vpn.example.net.",
            "vpn..example.net",
            "-vpn.example.net",
            "vpn_a.example.net",
        ),
        *("vpn.example.net\nx.example", "bücher.example", "192.0.2.999", "1.2.3", "a" * 64 + ".example"),
        *("@example.net", "mara@", "mara@localhost", "mara@b@c.example", "m..a@example.net", "mara@example.net\x00"),
        "m" * 64 + "@" + "e" * 60 + ".example",
    ],
)
def test_what_no_peer_could_compare_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match=r"is no identity.*--identity.*Write "):
        names.parse(text)


@pytest.mark.parametrize("text", ["", "ca", "Gw-A", "../ca", "a/b", "-a", "a b", "a" * 64, "a\n"])
def test_a_name_that_could_be_taken_for_a_path_an_option_or_the_authority_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="cannot be the name of a certificate"):
        names.handle(text)


@pytest.mark.parametrize("text", ["vpn.example.net", "mara@example.net", "192.0.2.7", "2001:db8::1"])
def test_an_identity_comes_out_of_a_certificate_as_it_went_in(text: str) -> None:
    identity = names.parse(text)
    assert names.of_alternative_names(identity.general_names()) == {identity}


def test_a_person_is_in_the_certificate_as_address_and_as_upn_for_windows() -> None:
    address, upn = names.parse("mara@example.net").general_names()
    assert address == x509.RFC822Name("mara@example.net")
    assert isinstance(upn, x509.OtherName)
    assert upn.value == b"\x0c\x10mara@example.net"


@given(st.text(max_size=40))
def test_any_text_is_an_identity_or_refused_in_words(text: str) -> None:
    try:
        identity = names.parse(text)
    except RefusedError:
        return
    assert names.parse(str(identity)) == identity
    assert names.of_alternative_names(identity.general_names()) == {identity}


def request_for(*general: x509.GeneralName, common_name: str = "") -> x509.CertificateSigningRequest:
    subject = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)] if common_name else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    if general:
        builder = builder.add_extension(x509.SubjectAlternativeName(general), critical=False)
    return builder.sign(keys.make(), hashes.SHA384())


def test_a_request_of_a_device_that_knows_only_a_common_name_is_read_by_that() -> None:
    assert names.of_request(request_for(common_name="VPN.customer.example")) == {
        Identity("dns", "vpn.customer.example")
    }


def test_the_common_name_counts_for_nothing_beside_alternative_names() -> None:
    csr = request_for(x509.DNSName("vpn.customer.example"), common_name="vpn.example.net")
    assert names.of_request(csr) == {Identity("dns", "vpn.customer.example")}


@pytest.mark.parametrize(
    "odd",
    [
        x509.UniformResourceIdentifier("https://vpn.customer.example"),
        x509.DNSName("*.customer.example"),
        x509.DirectoryName(x509.Name([])),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
        x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x0c\x10mara@example.net"),
        x509.OtherName(names.UPN, b"\x05\x00"),
    ],
)
def test_a_name_of_an_odd_kind_in_a_request_is_seen_and_not_passed_over(odd: x509.GeneralName) -> None:
    asked = names.of_request(request_for(x509.DNSName("vpn.customer.example"), odd))
    assert {identity.kind for identity in asked} == {"dns", "other"}
