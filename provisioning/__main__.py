"""`kassenband-provision`: an event's certificates and settings, and the demo."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from pathlib import Path

from contract.ids import IDENTITY_FORM
from provisioning import bundle
from provisioning.processes import ProvisioningError

STOPPED = 128 + signal.SIGINT
OWN_FAULT = (
    "The command stopped because of a fault of its own ({}). Look whether what it was"
    " to make is there, and send this line to whoever maintains it."
)
EVENT = Path("event")
RELOAD = "Copy acl and crl.pem from broker/ to the broker and reload it."


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 2 when it cannot be run, 130 when Ctrl+C ended it."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        if given[:1] == ["demo"]:
            rehearsal = importlib.import_module("provisioning.rehearsal")
            # The launcher held Ctrl+C back until there is somebody to take it.
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            return int(rehearsal.main(given[1:]))
        return _provision(_parser().parse_args(given))
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        # Whoever read our output has gone; keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ProvisioningError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(
            f"{error.filename or 'A file'} cannot be used ({error.strerror})."
            " Correct the path, its owner or the free space.",
            file=sys.stderr,
        )
    except Exception as error:
        print(OWN_FAULT.format(f"{type(error).__name__}: {error}"), file=sys.stderr)
    return 2


def _provision(chosen: argparse.Namespace) -> int:
    directory: Path = chosen.directory
    match chosen.command:
        case "ca":
            authority = bundle.make_authority(directory, chosen.event)
            print(f"Authority of {chosen.event}: SHA-256 {authority.fingerprint}")
        case "hub":
            place = bundle.make_hub(directory, chosen.address)
            print(f"The hub's files are in {place}, the broker's beside it in broker/.")
            print(f"Settings: {place / 'hub.toml'} (an existing one is kept).")
        case "till":
            place = bundle.make_till(directory, chosen.name)
            print(f"The files of {chosen.name} are in {place}.")
            print(f"Settings: {place / 'till.toml'} (an existing one is kept).")
            print(f"The broker must learn of it, too. {RELOAD}")
        case "revoke":
            bundle.revoke_till(directory, chosen.name)
            print(f"The certificate of {chosen.name} is revoked. {RELOAD}")
            print("An open connection stays; restart the broker to end it at once.")
        case _:
            until = bundle.renew_revocations(directory)
            print(f"The revocation list is valid until {until:%Y-%m-%d %H:%M} UTC.")
            print(f"After that the broker refuses everybody. {RELOAD}")
    sys.stdout.flush()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kassenband-provision", description=__doc__, allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True)
    ca = commands.add_parser("ca", help="begin an event: its certificate authority")
    ca.add_argument("--event", required=True, help=IDENTITY_FORM)
    hub = commands.add_parser("hub", help="certificates and settings for the hub")
    hub.add_argument(
        *("--address", "-a"),
        action="append",
        required=True,
        help="host name or IP address of the hub, as tills know it; repeatable",
    )
    till = commands.add_parser("till", help="certificate and settings for a till")
    till.add_argument("name", help="the till's id, never used again after a swap")
    revoke = commands.add_parser("revoke", help="let a till in no more")
    revoke.add_argument("name", help="the till's id")
    crl = commands.add_parser("crl", help="renew the revocation list, for 30 days")
    crl.add_argument(
        "directory", type=Path, nargs="?", default=EVENT, help="default: event"
    )
    commands.add_parser("demo", help="the whole shop on this machine", add_help=False)
    for command in (ca, hub, till, revoke):
        command.add_argument(
            "--directory", type=Path, default=EVENT, help="default: event"
        )
    return parser


if __name__ == "__main__":
    sys.exit(main())
