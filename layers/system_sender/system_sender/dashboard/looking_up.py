"""What callers look at: lists of drafts, and one draft."""

from typing import TYPE_CHECKING

from system_sender.dashboard.caller import Caller
from system_sender.dashboard.cursor import cursor_after, start_of
from system_sender.dashboard.rows import check_workspace, draft_of, revisions_of, rows_of
from system_sender.dashboard.views import DeliveryView, DraftDetail, DraftPage, DraftView
from system_sender.models import Draft, Message, Revision, state_key

if TYPE_CHECKING:
    from system_sender.system import System


def list_drafts(system: "System", caller: Caller, state: str, cursor: str, limit: int) -> DraftPage:
    """List the drafts in a state, those that changed last first.

    The index lags: what has moved on since is left out, so a page may be shorter than its limit.
    """
    store = system.store
    after = start_of(cursor, caller.workspace, state) if cursor else None
    check_workspace(store, caller)
    keys = store.query(
        Draft.state_index,
        state_key(caller.workspace, state),
        newest_first=True,
        limit=limit,
        after=after,
    )
    rows = rows_of(store, ((Draft, key["draft_id"]) for key in keys))
    drafts = [row for row in rows if row is not None and row.state == state]
    found = revisions_of(store, ((row.draft_id, int(row.revision)) for row in drafts))
    views = [DraftView.of(row, found.get((row.draft_id, int(row.revision)))) for row in drafts]
    return DraftPage(drafts=views, cursor=cursor_after(keys[-1]) if len(keys) == limit else None)


def show_draft(system: "System", caller: Caller, draft_id: str) -> DraftDetail:
    """Show a draft, its text and its deliveries."""
    draft = draft_of(system.store, caller, draft_id)
    parts = range(int(draft.parts))
    messages = rows_of(system.store, ((Message, draft_id, part) for part in parts))
    return DraftDetail(
        draft=view_of(system, draft),
        deliveries=[DeliveryView.of(row) for row in messages if row is not None],
    )


def view_of(system: "System", draft: Draft) -> DraftView:
    """Return a draft with its current text."""
    return DraftView.of(draft, system.store.get(Revision, draft.draft_id, int(draft.revision)))
