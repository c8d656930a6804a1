"""The operations, as their description and their checks are made from: one resolver."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from system_sender.budget import Budget
from system_sender.dashboard.caller import Caller
from system_sender.dashboard.deciding import approve_draft, edit_draft, reject_draft
from system_sender.dashboard.looking_up import list_drafts, show_draft
from system_sender.dashboard.orders import (
    LONGEST_ID,
    Approval,
    Edit,
    ListedState,
    ManualMessage,
    Rejection,
    Submission,
    SwitchOrder,
)
from system_sender.dashboard.switching import pause_sending, resume_sending, show_switches
from system_sender.dashboard.thread import show_thread
from system_sender.dashboard.views import (
    Decision,
    DraftDetail,
    DraftPage,
    DraftView,
    Problem,
    SendView,
    SwitchState,
    Thread,
)
from system_sender.dashboard.writing import send_manual_message, submit_draft
from system_sender.system import System

PREFIX = "/api/<workspace>"

api = APIGatewayRestResolver(enable_validation=True)

_Workspace = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9._-]{1,128}$", description="Every id begins with it.")
]
_Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]

_PROBLEMS = {
    400: "The body is not JSON, or not in UTF-8.",
    401: "Nobody vouches for the caller.",
    403: "The caller may not act for this workspace, or an id belongs to another one.",
    404: "There is no such workspace, draft or lead.",
    409: "It is not as the caller believes: the code says why. Look again.",
    413: "The body is larger than any call of this API.",
    415: "The body is not sent as application/json.",
    422: "A value is missing or wrong; `detail` names each.",
    429: "Too many calls at once, or the function broke off; come again after `Retry-After`.",
    500: "A fault of this system. The same call may be sent again.",
    503: "The rows could not be reached; come again after `Retry-After`.",
}


def _answers(model: type[Any], *problems: int) -> dict[Any, Any]:
    """Return what an operation may answer: its model, and problems."""
    always = (400, 401, 403, 404, 413, 415, 422, 429, 500, 503)
    told = {status: _PROBLEMS[status] for status in sorted({*always, *problems})}
    return {
        200: {"description": "Done.", "content": {"application/json": {"model": model}}},
        **{
            status: {
                "description": description,
                "content": {"application/json": {"model": Problem}},
            }
            for status, description in told.items()
        },
    }


def _call() -> tuple[System, Caller]:
    """Return the system and the caller of the call that is being answered."""
    return api.context["system"], api.context["caller"]


def _budget() -> Budget:
    budget: Budget = api.context["budget"]
    return budget


@api.get(
    f"{PREFIX}/drafts",
    summary="List drafts in a state",
    description="Those that changed last come first, with their texts. What changes meanwhile may "
    "be left out of a page or come twice.",
    operation_id="listDrafts",
    tags=["Drafts"],
    responses=_answers(DraftPage),
)
def _list_drafts(
    workspace: _Workspace,  # noqa: ARG001 - the caller has it
    state: Annotated[ListedState, Query(description="Where the drafts stand.")],
    cursor: Annotated[
        str,
        Query(
            pattern=r"^[A-Za-z0-9_-]*$",
            max_length=2_000,
            description="`cursor` of the page before; empty for the first.",
        ),
    ] = "",
    limit: _Limit = 25,
) -> DraftPage:
    system, caller = _call()
    return list_drafts(system, caller, state, cursor, limit)


@api.post(
    f"{PREFIX}/drafts",
    summary="Submit a draft",
    description="From an outside writer. With a campaign that answers by itself, and a confidence "
    "of at least its threshold, policy approves it; otherwise a person is asked. The same key with "
    "the same text returns the draft that is stored.",
    operation_id="submitDraft",
    tags=["Drafts"],
    responses=_answers(DraftView, 409),
)
def _submit_draft(
    workspace: _Workspace,  # noqa: ARG001
    order: Annotated[Submission, Body()],
) -> DraftView:
    system, caller = _call()
    return submit_draft(system, caller, order)


@api.get(
    f"{PREFIX}/draft",
    summary="Show a draft",
    description="With its text and what was sent of it.",
    operation_id="showDraft",
    tags=["Drafts"],
    responses=_answers(DraftDetail),
)
def _show_draft(
    workspace: _Workspace,  # noqa: ARG001
    draft_id: Annotated[
        str, Query(min_length=3, max_length=LONGEST_ID, description="Begins with the workspace.")
    ],
) -> DraftDetail:
    system, caller = _call()
    return show_draft(system, caller, draft_id)


@api.post(
    f"{PREFIX}/draft/approve",
    summary="Approve a draft",
    description="And send it at once, or at `due_at`. Caps and quiet hours do not bind a person; "
    "opt-outs, the blacklist and the switches do. What became of the sending is in `result`.",
    operation_id="approveDraft",
    tags=["Decisions"],
    responses=_answers(Decision, 409),
)
def _approve_draft(
    workspace: _Workspace,  # noqa: ARG001
    order: Annotated[Approval, Body()],
) -> Decision:
    system, caller = _call()
    return approve_draft(system, caller, order, _budget())


@api.post(
    f"{PREFIX}/draft/edit",
    summary="Edit a draft",
    description="The text becomes a new revision, which must be approved.",
    operation_id="editDraft",
    tags=["Decisions"],
    responses=_answers(Decision, 409),
)
def _edit_draft(
    workspace: _Workspace,  # noqa: ARG001
    order: Annotated[Edit, Body()],
) -> Decision:
    system, caller = _call()
    return edit_draft(system, caller, order)


@api.post(
    f"{PREFIX}/draft/reject",
    summary="Reject a draft",
    description="Only an edit brings it back.",
    operation_id="rejectDraft",
    tags=["Decisions"],
    responses=_answers(Decision, 409),
)
def _reject_draft(
    workspace: _Workspace,  # noqa: ARG001
    order: Annotated[Rejection, Body()],
) -> Decision:
    system, caller = _call()
    return reject_draft(system, caller, order)


@api.get(
    f"{PREFIX}/thread",
    summary="Show a lead's thread",
    description="Messages on every channel, drafts, and each decision with its reason.",
    operation_id="showThread",
    tags=["Leads"],
    responses=_answers(Thread),
)
def _show_thread(
    workspace: _Workspace,  # noqa: ARG001
    lead_id: Annotated[
        str, Query(min_length=3, max_length=LONGEST_ID, description="Begins with the workspace.")
    ],
    limit: _Limit = 50,
) -> Thread:
    system, caller = _call()
    return show_thread(system, caller, lead_id, limit)


@api.post(
    f"{PREFIX}/messages",
    summary="Send a person's message",
    description="Once for each key. The call is answered when the provider has answered, or after "
    "some seconds; `outcome` tells what became of it.",
    operation_id="sendMessage",
    tags=["Messages"],
    responses=_answers(SendView, 409),
)
def _send_message(
    workspace: _Workspace,  # noqa: ARG001
    order: Annotated[ManualMessage, Body()],
) -> SendView:
    system, caller = _call()
    return send_manual_message(system, caller, order, _budget())


@api.get(
    f"{PREFIX}/switches",
    summary="Show the switches",
    operation_id="showSwitches",
    tags=["Switches"],
    responses=_answers(SwitchState),
)
def _show_switches(workspace: _Workspace) -> SwitchState:  # noqa: ARG001
    system, caller = _call()
    return show_switches(system, caller)


@api.post(
    f"{PREFIX}/switches/pause",
    summary="Pause sending",
    description="Of one channel, or of the whole workspace. Answers after about eight seconds: "
    "from then on nothing starts any more.",
    operation_id="pauseSending",
    tags=["Switches"],
    responses=_answers(SwitchState),
)
def _pause_sending(
    workspace: _Workspace,  # noqa: ARG001
    order: Annotated[SwitchOrder, Body()],
) -> SwitchState:
    system, caller = _call()
    return pause_sending(system, caller, order.channel)


@api.post(
    f"{PREFIX}/switches/resume",
    summary="Resume sending",
    description="Held drafts leave with the sweeps of the next two minutes.",
    operation_id="resumeSending",
    tags=["Switches"],
    responses=_answers(SwitchState),
)
def _resume_sending(
    workspace: _Workspace,  # noqa: ARG001
    order: Annotated[SwitchOrder, Body()],
) -> SwitchState:
    system, caller = _call()
    return resume_sending(system, caller, order.channel)
