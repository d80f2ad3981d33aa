"""Z reports compared with the ledger, as the operator reads it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.hub import samples
from tests.hub.hubs import running_parts
from tests.hub.service.test_closing_reports import closed
from tests.hub.service.test_closings import Z

if TYPE_CHECKING:
    from hub.service.context import ContextKeeper
    from hub.store.store import Store
    from tests.hub.commands.conftest import Office


async def test_each_difference_is_told_and_the_verdict_is_the_exit_code(
    store: Store, context: ContextKeeper, new_hub: Office
) -> None:
    said = await asyncio.to_thread(new_hub, "closings")
    assert (said.code, said.out.strip()) == (0, "No till was closed yet.")

    async with running_parts(store, context) as parts:
        await closed(parts, completed=4)

    said = await asyncio.to_thread(new_hub, "closings", "--till", samples.TILL)
    assert said.code == 1
    lines = said.out.splitlines()
    assert lines[1].startswith(f"{samples.TILL}  {Z}  ")
    assert lines[1].endswith("differs")
    where = f"{samples.TILL} Z {Z}"
    assert (
        f"LOOK  {where}: The till counts 4 orders (completed), the ledger 3." in lines
    )
    assert any(line.startswith(f"note  {where}: Order no. 1 to 4") for line in lines)

    figures = await asyncio.to_thread(new_hub, "closings", "--json")
    assert figures.code == 1
    assert '"code":"count_differs","alarm":true' in figures.out

    nobody = await asyncio.to_thread(new_hub, "closings", "--till", "bar-99")
    assert nobody.code == 1
    assert "No till is named bar-99" in nobody.errors
