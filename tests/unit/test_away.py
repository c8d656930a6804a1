"""Which texts are a machine's note, without anybody saying so."""

import pytest

from system_sender import away_phrases, refusal_phrases
from system_sender.away import is_away_note, is_machines_note, says_away
from system_sender.wording import plain

NOTES = [
    "Thank you for your email. I am currently out of the office with limited access to email.",
    "I'm OUT OF THE OFFICE until Monday.\nIf this is urgent, please call Lee.",
    "I am on annual leave and will respond upon my return.",
    "This is an automated message: our office is closed.",
    "Ich bin bis zum 3. April nicht im B\u00fcro. In dringenden F\u00e4llen: lee@example.com",
    "Vielen Dank! Ich bin au\u00dfer Haus; Ihre Mail wird nicht weitergeleitet.",
    "Je suis absente jusqu'au 3 avril. En cas d'urgence, \u00e9crivez \u00e0 Lee.",
    "Estoy de vacaciones. Responder\u00e9 a mi regreso.",
    "Estou de f\u00e9rias. Responderei no meu regresso.",
    "Sono in ferie fino al 3 aprile. Risponder\u00f2 al mio rientro.",
    "Ik ben op vakantie. Bij dringende vragen: lee@example.com",
    "Jag \u00e4r p\u00e5 semester. Vid br\u00e5dskande \u00e4renden: lee@example.com",
    "Jeg er p\u00e5 ferie. Jeg svarer, n\u00e5r jeg er tilbage.",
    "Jestem na urlopie. Odpowiem po powrocie.",
    "\u042f \u0432 \u043e\u0442\u043f\u0443\u0441\u043a\u0435. "
    "\u041e\u0442\u0432\u0435\u0447\u0443 \u043f\u043e\u0441\u043b\u0435 "
    "\u0432\u043e\u0437\u0432\u0440\u0430\u0449\u0435\u043d\u0438\u044f.",
]
PEOPLE = [
    "",
    "Tuesday works",
    "I'm out of the office today, can we do Tuesday?",
    "I'm out of the office, call me Monday",
    "We sell out of office furniture",
    "I'm on vacation next week, the week after is fine",
    "When I return the contract, will you sign?",
    "I will be away until Monday. Will you respond to my question when I return?",
    "x " * 600 + "I am out of the office. For urgent matters call Lee.",
]


@pytest.mark.parametrize("text", NOTES)
def test_an_out_of_office_note_is_known_by_its_first_lines(text: str) -> None:
    assert is_away_note(text)
    assert says_away(text)


@pytest.mark.parametrize("text", PEOPLE)
def test_what_a_person_may_have_written_is_no_note(text: str) -> None:
    assert not is_away_note(text)
    assert not is_machines_note(text)


@pytest.mark.parametrize(
    "text",
    [
        "This is an automated response: we got your message.",
        "Please DO NOT REPLY to this e-mail.",
        "(I\u2019m not receiving notifications. If this is urgent, reply \u201curgent\u201d.)",
        "Dies ist eine automatisch generierte Nachricht.",
    ],
)
def test_a_machine_that_says_so_is_known(text: str) -> None:
    assert is_machines_note(text)
    assert not is_away_note(text)


@pytest.mark.parametrize(
    "listed",
    [
        away_phrases.AWAY,
        away_phrases.PROMISES,
        away_phrases.MACHINES,
        refusal_phrases.WORDS,
        refusal_phrases.UNMISTAKABLE,
        refusal_phrases.SUBJECTS,
    ],
)
def test_every_phrase_is_written_as_texts_are_compared(listed: tuple[str, ...]) -> None:
    assert [phrase for phrase in listed if plain(phrase) != phrase] == []
