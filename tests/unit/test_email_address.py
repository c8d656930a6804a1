"""E-mail addresses, and whom an answer goes to."""

import subprocess
import sys

import pytest

from system_sender.email_address import MOST_CC, Recipients, reply_recipients, to_address

DANA = "dana@example.com"
LEE = "lee@example.com"
SAM = "sam@out.example.com"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (DANA, DANA),
        ("  Dana@Example.COM \n", DANA),
        ("Dana <dana@example.com>", DANA),
        ('"Roe, Dana" <Dana@example.com>', DANA),
        ("<dana@example.com>", DANA),
        ("Roe, Dana <dana@example.com>", DANA),
        ("Dana \U0001f469\u200d\U0001f4bb <dana@example.com>", DANA),
        ("dana+news@example.com", "dana+news@example.com"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("dana@mail.test", "dana@mail.test"),
        ("dana@b\u00fccher.example.com", "dana@b\u00fccher.example.com"),
        ("dana@xn--bcher-kva.example.com", "dana@b\u00fccher.example.com"),
        ("dan\u0065\u0301@example.com", "dan\u00e9@example.com"),
    ],
)
def test_an_address_is_written_one_way(value: str, expected: str) -> None:
    assert to_address(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "   ",
        "dana",
        "dana@",
        "@example.com",
        "dana@example",
        "dana@exa mple.com",
        "dana@example.com, lee@example.com",
        "dana@example..com",
        "dana@-example.com",
        "dana@[127.0.0.1]",
        "dana@@example.com",
        "Dana dana@example.com",
        "Dana <dana@example.com> <lee@example.com>",
        "dana@example.com\r\nBcc: lee@example.com",
        "Dana\n <dana@example.com>",
        "dana\x00@example.com",
        "\ud800@example.com",
        "a" * 65 + "@example.com",
        "a" * 5_000 + "@example.com",
    ],
)
def test_what_cannot_be_an_address_is_none(value: str | None) -> None:
    assert to_address(value) is None


def test_addresses_are_read_without_the_dns() -> None:
    # The layer leaves dnspython out; it must not be missed.
    code = (
        "import sys; sys.modules['dns'] = None\n"
        "from system_sender.email_address import to_address\n"
        "print(to_address('Dana@example.com'))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == DANA


# --- whom an answer goes to ----------------------------------------------------------------------


def recipients(
    sender: str | None = DANA,
    lead_email: str | None = DANA,
    to: tuple[str, ...] = (SAM,),
    cc: tuple[str, ...] = (),
    own: tuple[str, ...] = (SAM,),
) -> Recipients:
    return reply_recipients(sender=sender, lead_email=lead_email, to=to, cc=cc, own=own)


def test_an_answer_goes_to_the_lead_who_wrote() -> None:
    assert recipients() == Recipients(DANA)


def test_without_an_answer_it_goes_to_the_lead() -> None:
    assert recipients(sender=None, to=()) == Recipients(DANA)


def test_when_a_colleague_answered_the_lead_moves_to_the_copy() -> None:
    assert recipients(sender="Lee <LEE@example.com>") == Recipients(LEE, (DANA,))


def test_everyone_else_of_the_thread_stays_in_copy_in_their_order() -> None:
    got = recipients(to=(SAM, "kim@example.com"), cc=(LEE, "max@example.com"))
    assert got == Recipients(DANA, ("kim@example.com", LEE, "max@example.com"))


def test_nobody_is_written_to_twice() -> None:
    got = recipients(to=("DANA@example.com", LEE), cc=("Lee <lee@EXAMPLE.com>", DANA))
    assert got == Recipients(DANA, (LEE,))


def test_our_own_mailboxes_leave_however_they_are_written() -> None:
    got = recipients(
        to=("Sam <SAM@out.example.com>",),
        cc=("sam2@out.example.com", LEE),
        own=(SAM, "Sam2@OUT.example.com"),
    )
    assert got == Recipients(DANA, (LEE,))


def test_a_message_of_ours_is_followed_by_one_to_the_lead() -> None:
    assert recipients(sender=SAM, to=(DANA,)) == Recipients(DANA)


@pytest.mark.parametrize(
    "machine",
    [
        "no-reply@example.com",
        "NoReply@example.com",
        "do_not_reply@example.com",
        "donotreply+1234@example.com",
        "MAILER-DAEMON@example.com",
        "postmaster@example.com",
        "bounces+abc@example.com",
    ],
)
def test_machines_that_read_nothing_are_not_answered(machine: str) -> None:
    assert recipients(sender=machine, cc=(machine, LEE)) == Recipients(DANA, (LEE,))


def test_a_person_whose_name_only_resembles_a_machine_s_is_answered() -> None:
    assert recipients(sender="noreplyson@example.com").to == "noreplyson@example.com"


def test_what_is_no_address_leaves() -> None:
    got = recipients(cc=("undisclosed-recipients:;", "lee@example.com\r\nBcc: x@example.com", LEE))
    assert got == Recipients(DANA, (LEE,))


def test_at_most_ten_are_in_copy() -> None:
    crowd = tuple(f"person{number}@example.com" for number in range(30))
    got = recipients(cc=crowd)
    assert got.to == DANA
    assert got.cc == crowd[:MOST_CC]
    assert MOST_CC == 10


def test_with_nobody_left_there_is_nobody_to_answer() -> None:
    assert recipients(sender=SAM, lead_email=None) == Recipients(None)
    assert recipients(sender="no-reply@example.com", lead_email="nobody", cc=()) == Recipients(None)


def test_without_a_lead_s_address_a_colleague_is_answered_alone() -> None:
    assert recipients(sender=LEE, lead_email=None) == Recipients(LEE)
