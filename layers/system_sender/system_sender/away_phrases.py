"""What machines write while somebody is away, in many languages. Plain.

Everything is as `wording.plain` has it: in lower case, without punctuation, one space between
words, so that "I'm" is "i m".
"""

# That somebody is away.
AWAY = (
    *("out of office", "out of the office", "ooo until", "away from the office", "on vacation"),
    *("away from my desk", "away from my email", "on annual leave", "on leave", "on holiday"),
    *("on holidays", "on pto", "on maternity leave", "on parental leave", "on paternity leave"),
    *("on sick leave", "currently away", "i am away", "i m away", "i will be away"),
    *("currently travelling", "currently traveling", "office is closed", "offices are closed"),
    *("nicht im büro", "ausser haus", "im urlaub", "abwesend", "nicht im haus", "in elternzeit"),
    *("absent du bureau", "absente du bureau", "en congé", "en congés", "en vacances"),
    *("je suis absent", "je suis absente", "actuellement absent", "actuellement absente"),
    *("fuera de la oficina", "de vacaciones", "estoy ausente", "estaré ausente"),
    *("fora do escritório", "de férias", "estou ausente", "estarei ausente"),
    *("fuori ufficio", "fuori sede", "in ferie", "sono assente", "sarò assente"),
    *("niet op kantoor", "afwezig", "met vakantie", "op vakantie", "met verlof"),
    *("inte på kontoret", "på semester", "föräldraledig", "ikke på kontoret", "på ferie"),
    *("poza biurem", "na urlopie", "nieobecny", "nieobecna"),
    *("в отпуске", "нет на месте", "отсутствую", "вне офиса"),
)

# What such a note says beside it, and a person who writes hardly ever does.
PROMISES = (
    *("limited access", "no access to email", "not have access to", "not checking email"),
    *("upon my return", "on my return", "when i return", "when i am back", "as soon as i return"),
    *("will respond", "will reply", "will get back to you", "will answer", "reply to your email"),
    *("for urgent", "if urgent", "if this is urgent", "is urgent please", "urgent matters"),
    *("in urgent cases", "immediate assistance", "in my absence", "during my absence"),
    *("in dringenden", "nach meiner rückkehr", "in meiner abwesenheit", "wenden sie sich"),
    *("nicht weitergeleitet", "nur eingeschränkt", "en mon absence", "à mon retour"),
    *("dès mon retour", "en cas d urgence", "pour toute urgence", "a mi regreso", "mi ausencia"),
    *("a mi vuelta", "en caso de urgencia", "no meu regresso", "no meu retorno"),
    *("minha ausência", "em caso de urgência", "al mio rientro", "al mio ritorno"),
    *("mia assenza", "per urgenze", "bij terugkomst", "mijn afwezigheid", "dringende zaken"),
    *("bij dringende", "vid brådskande", "när jag är tillbaka", "min frånvaro", "ved hastesager"),
    *("når jeg er tilbage", "når jeg er tilbake", "mit fravær", "mitt fravær"),
    *("po powrocie", "mojej nieobecności", "w pilnych sprawach", "после возвращения"),
    *("по возвращении", "срочным вопросам", "моё отсутствие", "мое отсутствие"),
)

# By which a machine says that it is one.
MACHINES = (
    *("this is an automatic", "this is an automated", "this is an auto reply", "auto generated"),
    *("automatically generated", "automated response", "automated reply", "automatic reply"),
    *("automated message", "autoreply", "do not reply to this", "do not respond to this"),
    *("this mailbox is not monitored", "this inbox is not monitored", "unmonitored mailbox"),
    *("i m driving with", "i m not receiving notifications", "driving right now i ll get back"),
    *("automatische antwort", "automatisch erstellt", "automatisch erstellte"),
    *("automatisch generiert", "automatisch generierte", "automatische nachricht"),
    *("réponse automatique", "message automatique", "respuesta automática"),
    *("mensaje automático", "resposta automática", "mensagem automática"),
    *("risposta automatica", "messaggio automatico", "automatisch antwoord"),
    *("automatisch bericht", "automatiskt svar", "automatisk svar", "automatiskt meddelande"),
    *("odpowiedź automatyczna", "automatyczna odpowiedź", "wiadomość automatyczna"),
    *("автоматический ответ", "автоответ"),
)
