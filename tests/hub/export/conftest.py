from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract.acts import BookingModel
from tests.hub.export import exports
from tests.hub.export.till_days import Till, a_day

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def one_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The day of one till: quicker to judge again and again."""
    return exports.write(tmp_path_factory.mktemp("one") / "export.zip", [a_day(Till())])


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The days of two tills, each with a TSE of its own: nobody may change the file."""
    second = Till("bar-2", tse=2, booking_model=BookingModel.VOUCHER)
    tills = [a_day(Till()), a_day(second)]
    return exports.write(tmp_path_factory.mktemp("export") / "export.zip", tills)
