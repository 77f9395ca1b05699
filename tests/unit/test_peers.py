"""Peers: a place is believed where every address a request came through is the operator's own."""

import pytest

from personalize.visitors.peers import HOPS_MAX, Peers

PEERS = Peers(("10.0.0.0/8", "2001:db8::/32", "192.0.2.7"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "fault"),
    [
        ("10.1.2.3", None, None),
        ("10.1.2.3", "203.0.113.9", None),  # the visitor, as the proxy saw them
        ("10.1.2.3", "203.0.113.9, 192.0.2.7", None),
        ("10.1.2.3", "203.0.113.9,192.0.2.7:4711 , [2001:db8::1]:80", None),
        ("::ffff:10.1.2.3", None, None),
        ("2001:db8::5", "203.0.113.9", None),
        ("203.0.113.9", None, "untrusted_peer"),
        ("203.0.113.9", "10.1.2.3, 10.1.2.3", "untrusted_peer"),
        ("", None, "untrusted_peer"),
        ("unix", None, "untrusted_peer"),
        ("192.0.2.8", None, "untrusted_peer"),
        ("10.1.2.3", "198.51.100.1, 203.0.113.9", "untrusted_hop"),  # somebody put an address in front of their own
        ("10.1.2.3", "203.0.113.9, 198.51.100.1, 192.0.2.7", "untrusted_hop"),
        ("10.1.2.3", "203.0.113.9, nonsense", "untrusted_hop"),
        ("10.1.2.3", "203.0.113.9, " + "1" * 5_000, "untrusted_hop"),
        ("10.1.2.3", ",".join(["10.1.2.3"] * (HOPS_MAX + 1)), "untrusted_hop"),
    ],
)
def test_who_is_believed(peer, forwarded, fault):
    assert PEERS.vouch(peer, forwarded) == fault
    assert PEERS.vouch(peer, forwarded) == fault  # and from memory


def test_nobody_by_default():
    assert Peers(()).vouch("127.0.0.1", None) == "untrusted_peer"
