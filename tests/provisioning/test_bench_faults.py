from __future__ import annotations

import os
import socket

from provisioning.bench.crashes import Disaster
from provisioning.bench.faults import QUERIES, Fault, is_connected


def test_a_process_is_connected_to_the_port_it_talks_to_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_connected(os.getpid(), port)
        with socket.create_connection(("127.0.0.1", port)):
            assert is_connected(os.getpid(), port)
            assert not is_connected(os.getppid(), port)


def test_a_process_that_has_ended_is_connected_to_nothing() -> None:
    assert not is_connected(2**22 + 1, 1883)


def test_the_database_falls_after_every_tenth_kill() -> None:
    faults = Disaster.of(20).faults
    assert faults.count(Fault.HUB) == 20
    assert all(faults.count(fault) == 2 for fault in Fault if fault is not Fault.HUB)
    assert faults[10:13] == (Fault.SESSION, Fault.BACKEND, Fault.POSTGRES)


def test_every_question_is_there() -> None:
    assert {"verdicts", "bookings", "outcomes", "balances"} <= QUERIES.keys()
