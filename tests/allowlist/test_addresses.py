"""Public addresses are not private ones, nor those of the network that this machine stands in (H21)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowlist.addresses import NAT64, OwnNetworks, is_public

SPECIAL = """
    0.0.0.0 0.1.2.3 10.0.0.0 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.255
    169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.9 192.0.0.170 192.0.2.1 192.31.196.1
    192.52.193.1 192.88.99.1 192.168.0.1 192.168.255.255 192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.1
    203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::8.8.8.8 ::ffff:8.8.8.8
    ::ffff:10.0.0.1 ::ffff:0:8.8.8.8 64:ff9b::a00:1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b::c0a8:1
    64:ff9b:1::1 64:ff9b:1::808:808 100::1 100:0:0:1::1 2001::1 2001:0:808:808::1 2001:1::1 2001:2::1
    2001:3::1 2001:4:112::1 2001:10::1 2001:20::1 2001:30::1 2001:1ff::1 2001:db8::1 2001:db8:ffff::1
    2002::1 2002:808:808::1 2002:a00:1::1 2620:4f:8000::1 3ffe::1 3fff::1 3fff:fff:ffff::1 5f00::1 4000::1
    8000::1 fc00::1 fdff::1 fe80::1 fe80::1%eth0 2606:4700::1111%eth0 febf::1 fec0::1 feff::1 ff02::1
    ff0e::1"""
PUBLIC = """
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
    172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0
    223.255.255.255 64:ff9b::808:808 2001:200::1 2001:4860:4860::8888 2003::1 2606:4700::1111 2a00:1450::1
    3fff:1000::1"""


@pytest.mark.parametrize("address", SPECIAL.split())
def test_an_address_of_a_special_purpose_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_an_address_beside_those_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "text", ["farm.example", "", "8.8.8", "0x8.8.8.8", "010.8.8.8", "[2606:4700::1111]", "134744072"]
)
def test_what_is_no_plain_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@given(st.ip_addresses())
def test_nothing_that_python_knows_to_be_special_is_public(address: IPv4Address | IPv6Address) -> None:
    """Two tables by two hands: ours is never the laxer one, but for IPv4 by way of IPv6 (RFC 6052)."""
    if address not in NAT64:
        assert address.is_global or not is_public(str(address))
    assert not (address.is_multicast and is_public(str(address)))


OWN = (IPv4Network("141.5.9.0/24"), IPv6Network("2a01:db8:77::/48"))


@pytest.mark.parametrize(
    "address", ["141.5.9.1", "64:ff9b::8d05:901", "2a01:db8:77::1", "2a01:db8:77:ffff::1"]
)
def test_an_address_beside_this_machines_own_is_not_public(address: str) -> None:
    assert is_public(address)
    assert not is_public(address, OWN)


@pytest.mark.parametrize("address", ["141.5.10.1", "2a01:db8:78::1", "1.1.1.1"])
def test_one_of_another_network_is(address: str) -> None:
    assert is_public(address, OWN)


CABLED = """
ip link set lo up
ip link add cable type veth peer name wall
ip link set wall up
ip addr add 141.5.9.2/24 dev cable
ip addr add 2a01:db8:77:5::2/64 dev cable nodad
ip link set cable up
exec "$@"
"""
ASKS = """
import asyncio
from allowlist.upstream import Straight, Unreachable
from allowlist.wires import Wires

class Lies:
    async def addresses(self, host): return (host,)
    def cut(self): pass

async def asks(address):
    try:
        await Straight(Lies()).open(Wires(), address, 443)
    except Unreachable as error:
        print(str(error).partition("leads to ")[2] or "dialled")

for address in ("141.5.9.1", "2a01:db8:77:5::1", "2a01:db8:77:6::1", "141.5.10.1", "2a01:db8:78::1"):
    asyncio.run(asyncio.wait_for(asks(address), 5))
"""


def test_a_name_that_leads_to_a_neighbour_on_the_real_cable_is_not_dialled() -> None:
    """In a network of its own, whose card has real addresses and whose router is nowhere."""
    namespace = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    done = subprocess.run(
        [*namespace, "sh", "-euc", CABLED, "sh", sys.executable, "-c", ASKS],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    neighbours = ("141.5.9.1", "2a01:db8:77:5::1", "2a01:db8:77:6::1")
    inside = [f"{address}, inside the setting's own network." for address in neighbours]
    assert done.stdout.splitlines() == [*inside, "dialled", "dialled"]


def test_a_card_whose_mask_takes_the_whole_internet_closes_none_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    odd = SimpleNamespace(family=socket.AF_INET, address="10.8.0.2", netmask="0.0.0.0")
    ours = SimpleNamespace(family=socket.AF_INET, address="141.5.9.2", netmask="255.255.255.0")
    monkeypatch.setattr("psutil.net_if_addrs", lambda: {"vpn": [odd], "cable": [ours]})
    assert OwnNetworks()() == (IPv4Network("141.5.9.0/24"),)


def test_what_was_asked_a_moment_ago_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    own = OwnNetworks(fresh=60)
    known = own()
    assert IPv4Network("127.0.0.0/8") in known
    monkeypatch.setattr("psutil.net_if_addrs", dict)
    assert own() == known
    assert OwnNetworks()() == ()
