"""The driver: the one place where flows meet an event loop, a budget, a record and models."""

from passel.core.driver.ledger import Ledger
from passel.core.driver.loop import Driver, Outcome
from passel.core.driver.passes import Retries, Tool
from passel.core.driver.record import Entry, MemoryStore, Record, ReplyStore
from passel.core.driver.roles import Roles
from passel.core.driver.rounds import Scope
from passel.core.driver.sync import run_sync

__all__ = [
    "Driver",
    "Entry",
    "Ledger",
    "MemoryStore",
    "Outcome",
    "Record",
    "ReplyStore",
    "Retries",
    "Roles",
    "Scope",
    "Tool",
    "run_sync",
]
