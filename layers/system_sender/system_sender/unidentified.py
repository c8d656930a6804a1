"""Finds out which message an event without any identity of its own is about."""

import hmac
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from system_sender.inbound import InboundEvent
from system_sender.models import Alias, Inbound, Integration, Lead, contact_alias, event_key
from system_sender.secrets import SecretUnavailable
from system_sender.settings import base_url_of

if TYPE_CHECKING:
    from system_sender.system import System

LOOK_BACK = 24 * 3600 * 1000
_HOUR = 3600 * 1000
_LOOK_UP_SECONDS = 5.0


def identify(system: "System", integration: Integration, event: InboundEvent) -> InboundEvent:
    """Find out at the provider which message an event without id, date and time is about.

    Equal texts of one contact are told apart by the messages the provider lists. Each listed
    message that no recorded event stands for is one that may be new; events that were recorded
    while the provider could not be asked, or did not list them yet, stand for the oldest of them.
    Where none may be new, it is the latest of them again, if that was recorded within the hour, and
    else one that the provider does not list yet.

    Only GoHighLevel has such events: texts that a workflow passes on.
    """
    now = system.world.now()
    text = _text_key(system, integration, event)
    hours = [
        f"hour:{event.contact_id}:{text}:{(now - ago) // _HOUR}"
        for ago in range(0, LOOK_BACK + 1, _HOUR)
    ]
    listed = _listed_messages(system, integration, event) or ()
    identities = [f"message:{message_id}" for message_id in listed[-20:]]
    keys = [
        event_key(integration.workspace, event.provider, name) for name in [*identities, *hours]
    ]
    rows = system.store.read(*((Inbound, key) for key in keys))
    names = zip([*identities, *hours], rows, strict=True)
    received = {name: int(row.received_at) for name, row in names if row is not None}
    unspoken = [identity for identity in identities if identity not in received]
    # An older one stands for a message that is not among the listed any more.
    standing = [hour for hour in hours if received.get(hour, 0) >= now - LOOK_BACK]
    if len(unspoken) > len(standing):
        identity = unspoken[len(standing)]
        return replace(
            event, identity=identity, provider_message_id=identity.removeprefix("message:")
        )
    last = _last_said(system, integration, event)
    if last is not None:
        received[
            last.event_id.removeprefix(event_key(integration.workspace, event.provider, ""))
        ] = int(last.received_at)
    latest = max(received, key=received.__getitem__, default=hours[0])
    is_again = received.get(latest, 0) > now - _HOUR
    return replace(event, identity=latest if is_again else hours[0])


def _last_said(system: "System", integration: Integration, event: InboundEvent) -> Inbound | None:
    """Return the contact's latest message, if it has this text: the provider may not list it."""
    if event.contact_id is None:
        return None
    name = contact_alias(integration.workspace, event.provider, event.contact_id)
    [alias] = system.store.read((Alias, name))
    lead = system.store.get(Lead, alias.lead_id) if alias is not None else None
    key = (lead.latest_inbound or {}).get(event.channel) if lead is not None else None
    [row] = system.store.read((Inbound, key)) if key is not None else [None]
    is_same = row is not None and row.provider == event.provider and (row.text or "") == event.text
    return row if is_same else None


def _text_key(system: "System", integration: Integration, event: InboundEvent) -> str:
    """Return what stands for the text in an id.

    Ids are logged, and a plain hash of "yes" is known to everybody. The key is the secret that let
    the event in; an event that comes again after it was replaced may count twice.
    """
    secret = system.secrets.get(integration.workspace, event.provider, "webhook_secret")
    if secret is None:
        raise SecretUnavailable("The webhook's secret was removed after it let the event in.")
    return hmac.digest(secret.encode(), event.text.encode(), "sha256").hex()[:32]


def _listed_messages(
    system: "System", integration: Integration, event: InboundEvent
) -> Sequence[str] | None:
    from system_sender.providers import gohighlevel

    token = system.secrets.get(integration.workspace, gohighlevel.NAME, "token")
    base_url = base_url_of(system.settings, integration, gohighlevel.PROVIDER)
    if token is None or base_url is None or event.contact_id is None:
        return None
    request = gohighlevel.inbound_request(
        base_url=base_url,
        token=token,
        location_id=integration.account,
        contact_id=event.contact_id,
        since=system.world.now() - LOOK_BACK,
    )
    answer = system.ask(request, seconds=_LOOK_UP_SECONDS)
    return gohighlevel.inbound_message_ids(answer, event.text)
