"""A sequence that was exported is the one that is imported, whatever its steps are."""

import json

from hypothesis import given
from hypothesis import strategies as st

from system_sender.cli.sequence_changes import Standing, changes_between, hazards
from system_sender.cli.sequence_file import parse_sequences, sequence_item, step_rows
from system_sender.followups.sequence import Condition, Step, offset_reached, step_after, steps_of
from system_sender.models import Sequence

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="{}#%"), min_size=1, max_size=40
).filter(str.strip)


@st.composite
def steps(draw: st.DrawFn) -> tuple[Step, ...]:
    """Steps that a sequence may have, in their order."""
    keys = draw(
        st.lists(
            st.from_regex(r"[a-z0-9._-]{1,8}", fullmatch=True), min_size=1, max_size=6, unique=True
        )
    )
    offsets = sorted(draw(st.tuples(st.integers(1, 730), st.integers(0, 1439))) for _ in keys)
    made = []
    for key, (day, minute) in zip(keys, offsets, strict=True):
        channel = draw(st.sampled_from(["sms", "email", "linkedin"]))
        made.append(
            Step(
                key=key,
                day=day,
                minute=minute,
                channel=channel,
                template=draw(TEXTS),
                subject=draw(st.none() | TEXTS) if channel == "email" else None,
                condition=draw(st.sampled_from(Condition)),
                approval=draw(st.booleans()),
            )
        )
    return tuple(made)


@given(
    steps=steps(),
    active=st.booleans(),
    campaign=st.none() | st.just("acme:autumn"),
    name=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20),
)
def test_an_export_imports_as_what_was_exported(
    steps: tuple[Step, ...], active: bool, campaign: str | None, name: str
) -> None:
    row = Sequence(
        "acme:winter",
        workspace="acme",
        name=name,
        active=active,
        campaign_id=campaign,
        steps=step_rows(steps),
    )

    text = json.dumps({"sequences": [sequence_item(row)]}, ensure_ascii=False)
    ((item, imported),) = parse_sequences(json.loads(text))

    assert imported == steps == steps_of(row.steps)
    assert changes_between(steps, imported) == []
    assert (item.id, item.name, item.active, item.campaign) == (
        row.sequence_id,
        name,
        active,
        campaign,
    )


@given(before=steps(), data=st.data())
def test_no_lead_gets_a_text_again_under_another_key(
    before: tuple[Step, ...], data: st.DataObject
) -> None:
    """Whatever steps are renamed: what is not refused sends nobody what they had."""
    renamed = data.draw(st.sets(st.sampled_from([step.key for step in before])))
    rows = [
        {**row, "key": f"{row['key']}Z"} if row["key"] in renamed else row
        for row in step_rows(before)
    ]
    after = steps_of(rows)
    had = data.draw(st.integers(0, len(before)))
    done = {
        step.key: {"code": "step_sent", "day": step.day, "minute": step.minute}
        for step in before[:had]
    }
    stands = before[had].key if had < len(before) else ""
    standing = Standing(stands, frozenset(done), offset_reached(done), drafted=False)

    found = hazards(before, after, [standing])

    following = step_after(after, done)
    if following is not None and not found.mistakes:
        assert following.key.removesuffix("Z") not in done
