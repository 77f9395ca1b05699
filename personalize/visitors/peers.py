"""Who handed a request on: whether every address it came through is one of the operator's own proxies."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from cachetools import LRUCache

HOPS_MAX = 16
CACHED = 4096
ADDRESS_MAX = 64


class Peers:
    """The networks of `trusted_proxies`."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self.networks: tuple[IPv4Network | IPv6Network, ...] = tuple(ip_network(one) for one in trusted)
        self._known: LRUCache[str, bool] = LRUCache(CACHED)

    def vouch(self, peer: str, forwarded: str | None) -> str | None:
        """Why what this request says of its visitor's place is not believed; None where it is.

        `peer` is the address at the other end of the connection, `forwarded` all of `X-Forwarded-For`. The peer has to
        be trusted, and so has every address of the list but the first, which is the visitor's own: a request that
        passed through anybody else's hands may have been told anything there.
        """
        if not self.trusts(peer):
            return "untrusted_peer"
        hops = forwarded.split(",") if forwarded else []
        if len(hops) > HOPS_MAX or not all(self.trusts(hop.strip()) for hop in hops[1:]):
            return "untrusted_hop"
        return None

    def trusts(self, address: str) -> bool:
        """Whether an address (IPv4, IPv6, also with a port) is in one of the networks."""
        if not self.networks or not address or len(address) > ADDRESS_MAX:
            return False
        known = self._known.get(address)
        if known is None:
            known = self._known[address] = self._look(address)
        return known

    def _look(self, address: str) -> bool:
        if address.startswith("["):  # [::1]:443
            address = address[1:].partition("]")[0]
        elif address.count(":") == 1:  # 192.0.2.1:443
            address = address.partition(":")[0]
        try:
            found = ip_address(address)
        except ValueError:
            return False
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self.networks)
