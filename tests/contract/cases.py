"""Every provider's description. A provider that is missing here fails the suite's own count."""

from tests.contract import emailbison, gohighlevel, instantly, smartlead, unipile
from tests.contract.case import Case, Door, Events

_DESCRIBED = (gohighlevel, emailbison, smartlead, instantly, unipile)

CASES: tuple[Case, ...] = tuple(case for module in _DESCRIBED for case in module.CASES)
EVENTS: tuple[Events, ...] = tuple(module.EVENTS for module in _DESCRIBED)
DOORS: tuple[Door, ...] = tuple(door for module in _DESCRIBED for door in module.DOORS)
