"""Alerts and signs of life that are HTTPS leave by the setting's own proxy, where it has one.

requests, which all of them use, takes it from the environment: its names in small letters are ours, those in
capitals the administrator's. A gateway at a private address is in the house, and not behind the proxy. Mail
knows no such proxy: it needs a way of its own, and the doctor says so.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

DIRECT = "localhost,127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16"


def lead(proxy: str, environment: MutableMapping[str, str] = os.environ) -> None:
    """From now on all that is HTTPS leaves by `proxy`, host:port; "": by no proxy of ours."""
    address = f"http://{proxy}" if proxy else ""
    for name, value in (("https_proxy", address), ("http_proxy", address), ("no_proxy", proxy and DIRECT)):
        if value:
            environment[name] = value
        else:
            environment.pop(name, None)
