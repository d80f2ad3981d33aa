"""What went wrong on the way to the hub, as sentences for the hub's lamp."""

from __future__ import annotations

import socket
import ssl
from typing import Final

# X509_V_ERR_... of OpenSSL's x509_vfy.h
NOT_YET_VALID: Final = 9
EXPIRED: Final = 10
NAME_MISMATCH: Final = frozenset({62, 64})


def why_not_connected(error: OSError, host: str, port: int) -> str:
    """Explain a failed connection: culprit first, remedy second."""
    place = f"{host}:{port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _untrusted(error, place, host)
    if isinstance(error, ssl.SSLError):
        return _no_tls(error, place)
    if isinstance(error, ConnectionRefusedError):
        return (
            f"Nothing listens at {place}. Check that the hub's computer runs its broker"
            " and that hub.broker_port is right."
        )
    if isinstance(error, socket.gaierror):
        return (
            f"The name {host} can't be found. Check the network cable, and"
            " hub.broker_host in this till's configuration."
        )
    if isinstance(error, TimeoutError):
        return (
            f"{place} does not answer. Check the network cable and the hub's computer."
        )
    reason = error.strerror or str(error) or type(error).__name__
    return (
        f"{place} can't be reached ({reason}). Check the network cable and the switch."
    )


def hung_up(host: str, port: int, own_fault: str | None) -> str:
    """Explain a broker that closed before it greeted: it dislikes the certificate."""
    if own_fault is not None:
        return own_fault
    return (
        f"The broker at {host}:{port} closed the connection: it does not accept this"
        " till's certificate. Was the till revoked, or is hub.ca of another event?"
        " Enroll it again."
    )


def refused(reason: str, till: str) -> str:
    """Explain a broker that greeted with a refusal."""
    return (
        f"The broker refuses till {till} ({reason}). Add it to the broker's access"
        " list (ACL) at the hub."
    )


def not_allowed(topic: str, till: str) -> str:
    """Explain a publish or a subscription that the access list forbids."""
    return (
        f"The broker's access list (ACL) does not let till {till} use {topic}."
        " Correct it at the hub."
    )


def gone(host: str, port: int) -> str:
    """Explain a connection that broke."""
    return (
        f"The connection to {host}:{port} broke; the till connects again by itself."
        " If it lasts, check the network cable and the hub's computer."
    )


def taken_over(till: str) -> str:
    """Explain a broker that ended the session because the same name came again."""
    return (
        f"Another computer is connected as till {till}, and the two push each other"
        " out. Switch one of them off; two tills must never share one identity."
    )


def not_taken(topic: str, reason: str) -> str:
    """Explain a broker that refused a message; whoever sent it sends it again."""
    return (
        f"The broker did not take a message for {topic} ({reason}). It is sent again;"
        " if it lasts, check the broker's log and limits at the hub."
    )


def _untrusted(error: ssl.SSLCertVerificationError, place: str, host: str) -> str:
    code = error.verify_code
    if code in NAME_MISMATCH:
        return (
            f"The broker at {place} shows a certificate for another name than {host}."
            " Correct hub.broker_host, or issue the hub's certificate for this name."
        )
    if code == EXPIRED:
        return (
            f"The certificate of the broker at {place} has expired. Renew it at the"
            " hub, or set this till's clock."
        )
    if code == NOT_YET_VALID:
        return (
            f"The certificate of the broker at {place} is not valid yet: this till's"
            " clock is behind. Set it, or check the network time server."
        )
    return (
        f"The broker at {place} is not of this event's CA ({error.verify_message})."
        " Check hub.broker_host and hub.ca."
    )


def _no_tls(error: ssl.SSLError, place: str) -> str:
    reason = (error.reason or "").replace("_", " ").lower()
    if "alert" in reason and ("certificate" in reason or "unknown ca" in reason):
        return (
            f"The broker at {place} does not accept this till's certificate"
            f" ({reason}). Enroll this till again."
        )
    return (
        f"{place} does not speak TLS as the hub's broker should"
        f" ({reason or 'connection cut'}). Check hub.broker_port."
    )
