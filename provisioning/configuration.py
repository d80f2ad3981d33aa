"""The ready settings of a hub and of a till, as their units expect them.

docs/operator.md and docs/technician.md explain every key.
"""

from __future__ import annotations

import ipaddress
import json

BROKER_PORT = 8883
EDGE_PORT = 8443

# systemd puts there what LoadCredential= in kassenband-hub.service names.
CREDENTIALS = "/run/credentials/kassenband-hub.service"

HUB = """\
# Relative paths start here. docs/operator.md explains every key. No secret belongs
# into this file: the database's password comes from PGPASSWORD in hub.env.
event = {event}
database = "postgresql://hub@localhost/kassenband"
ca = "tls/ca.pem"
broker_certificate = "tls/hub.pem"
broker_key = "{credentials}/hub.key"
token_key = "{credentials}/token.key"
uid_secret = "{credentials}/uid.secret"
edge_host = "0.0.0.0"
edge_port = {edge_port}
edge_certificate = "tls/edge.pem"
edge_key = "{credentials}/edge.key"
archive_folder = "/var/lib/kassenband-hub/tse-archives"
"""
TILL = """\
# Relative paths start here. docs/technician.md explains every key.
[till]
id = {till}
event = {event}

[hub]
broker_host = {address}
broker_port = {broker_port}
edge_url = {edge_url}

[journal]
directory = "/var/lib/kassenband-till/journal"

[reader]
# With more than one reader: how the right one's name begins.
# name_prefix = "ACS ACR1252"

[log]
file = "/var/lib/kassenband-till/till.log"
"""


def hub_settings(event: str) -> str:
    """Write hub.toml; the broker is on the hub itself, and the database, too."""
    return HUB.format(
        event=json.dumps(event), credentials=CREDENTIALS, edge_port=EDGE_PORT
    )


def till_settings(event: str, till: str, address: str) -> str:
    """Write till.toml; `address` is a name or address in the hub's certificates."""
    return TILL.format(
        event=json.dumps(event),
        till=json.dumps(till),
        address=json.dumps(address),
        broker_port=BROKER_PORT,
        edge_url=json.dumps(f"https://{_in_url(address)}:{EDGE_PORT}"),
    )


def _in_url(address: str) -> str:
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        return address
    return f"[{address}]" if version == 6 else address
