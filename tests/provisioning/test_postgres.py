from __future__ import annotations

import os
from pathlib import Path

import asyncpg
import pytest

from provisioning.postgres import (
    PrivatePostgres,
    Which,
    find_binaries,
    which_from_environment,
)
from provisioning.processes import ProvisioningError, remove_directory

BOTH = pytest.mark.parametrize("which", [Which.INSTALLED, Which.WHEEL])


async def value(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def owner_of(pid: int) -> int | None:
    process = Path(f"/proc/{pid}")
    return process.stat().st_uid if process.exists() else None


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


@BOTH
async def test_a_durable_server_runs_that_is_not_root(
    tmp_path: Path, which: Which
) -> None:
    with PrivatePostgres(tmp_path / "pg", which) as server:
        dsn = server.create_database("kasse")
        assert await value(dsn, "SELECT current_setting('fsync')") == "on"
        assert await value(dsn, "SHOW synchronous_commit") == "on"
        assert await value(server.tcp_dsn("kasse"), "SELECT current_database()") == (
            "kasse"
        )
        assert owner_of(server.pid) not in {None, 0}
        pid = server.pid
    assert owner_of(pid) is None


async def test_what_was_committed_survives_a_power_cut(tmp_path: Path) -> None:
    with PrivatePostgres(tmp_path / "pg", which_from_environment()) as server:
        await value(server.dsn(), "CREATE TABLE kept AS SELECT 7 AS x")
        server.kill()
        server.start()
        assert await value(server.dsn(), "SELECT x FROM kept") == 7


async def test_the_password_is_needed_and_in_no_argument(tmp_path: Path) -> None:
    with PrivatePostgres(tmp_path / "pg", which_from_environment()) as server:
        password = server.passfile.read_text().strip().rpartition(":")[2]
        assert server.passfile.stat().st_mode & 0o777 == 0o600
        assert password not in server.dsn()
        assert password not in command_line(server.pid)
        naked = f"postgresql://kassenband:wrong@127.0.0.1:{server.port}/postgres"
        with pytest.raises(asyncpg.InvalidPasswordError):
            await value(naked, "SELECT 1")


def test_a_kept_cluster_is_used_again(tmp_path: Path) -> None:
    kept = PrivatePostgres(tmp_path, which_from_environment(), throw_away=False)
    with kept as server:
        server.create_database("once")
    with kept as server:
        assert "once" in server.run("psql", "--list", "--tuples-only")
    (kept.data / "PG_VERSION").write_text("14\n")
    with (
        pytest.raises(ProvisioningError, match="made by PostgreSQL 14"),
        kept,
    ):
        pass
    remove_directory(kept.directory)  # as root it lies outside of tmp_path


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with PrivatePostgres(tmp_path / "pg", which_from_environment()) as server:
        place = server.data
    assert not place.exists()
    assert not server.passfile.exists()
    assert not server.sockets.exists()


def test_a_checkout_below_a_closed_home_works(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with PrivatePostgres(home / "pg", which_from_environment()) as server:
        assert server.run("psql", "-Atc", "SELECT 1") == "1\n"
        place = server.directory
    if os.geteuid() == 0:
        assert not place.is_relative_to(home)
        assert not place.exists()


def test_either_origin_can_be_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_binaries(Which.INSTALLED).version >= 15
    assert find_binaries(Which.WHEEL).version >= 18
    monkeypatch.setenv("KASSENBAND_POSTGRES", "wheel")
    assert find_binaries(which_from_environment()).origin is Which.WHEEL
    monkeypatch.setenv("KASSENBAND_POSTGRES", "oracle")
    with pytest.raises(ProvisioningError, match="auto, installed or wheel"):
        which_from_environment()
