# ruff: noqa: RUF001
"""What mail programs put around an answer, and how people end one, in many languages. Plain.

Everything is in lower case.
"""


def _listed(*lines: str) -> frozenset[str]:
    return frozenset(phrase.strip() for line in lines for phrase in line.split(","))


# The verb in "On 2 March 2026 at 15:04 Sam <sam@example.com> wrote:".
WROTE = (
    *("wrote", "schrieb", "a écrit", "escribió", "va escriure", "ha scritto", "escreveu"),
    *("schreef", "geschreven", "skrev", "kirjoitti", "napisał", "napisała", "napsal", "napsala"),
    *("napísal", "napísala", "написал", "написала", "пишет", "пише", "yazdı", "írta", "a scris"),
    "έγραψε",
)
WROTE_IN_SCRIPTS_WITHOUT_SPACES = ("님이 작성", "写道", "寫道", "のメール", "כתב", "كتب")

# What such a sentence may begin with, where it is not a number.
INTRODUCTIONS = (
    *("on", "am", "le", "el", "il", "em", "op", "den", "dne", "dnia", "pe", "στις", "на", "в"),
    *("ב", "في", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "man", "tir", "ons", "tor"),
    *("fre", "lør", "søn", "mån", "tis", "lör", "sön", "lun", "mar", "mer", "mié", "jue", "jeu"),
    *("gio", "ven", "vie", "sáb", "sab", "dom", "pon", "wt", "śr", "czw", "pt", "sob", "niedz"),
    *("пн", "вт", "ср", "чт", "пт", "сб", "вс"),
)

FROM_LABELS = _listed(
    "from, von, de, da, van, från, fra, od, от, lähettäjä, kimden, 发件人, 寄件者, 差出人",
)
SENT_LABELS = _listed(
    "sent, date, gesendet, datum, envoyé, envoyé le, date, enviado, enviado el, enviada em, fecha",
    "inviato, data, verzonden, skickat, sendt, dato, wysłano, odesláno, отправлено, дата",
    "lähetetty, gönderilen, 发送时间, 日期, 送信日時",
)
TO_OR_SUBJECT_LABELS = _listed(
    "to, subject, an, betreff, à, objet, para, asunto, assunto, a, oggetto, aan, onderwerp, till",
    "ämne, til, emne, do, temat, komu, předmět, кому, тема, vastaanottaja, aihe, kime, konu",
    "收件人, 主题, 收件者, 主旨, 宛先, 件名",
)

DIVIDERS = _listed(
    "original message, forwarded message, begin forwarded message, reply message",
    "ursprüngliche nachricht, originalnachricht, weitergeleitete nachricht",
    "message d'origine, message original, message transféré",
    "mensaje original, mensaje reenviado, mensagem original, mensagem encaminhada",
    "messaggio originale, messaggio inoltrato, oorspronkelijk bericht, doorgestuurd bericht",
    "originalmeddelande, ursprungligt meddelande, opprinnelig melding, oprindelig meddelelse",
    "wiadomość oryginalna, исходное сообщение, 原始邮件",
)

# How the line that a telephone adds begins.
MOBILE_SIGNATURES = (
    *("sent from my ", "sent from outlook", "sent from yahoo", "sent from mail for "),
    *("sent from proton", "sent from samsung", "sent via ", "sent with ", "get outlook for "),
    *("gesendet von meinem ", "gesendet von outlook", "gesendet mit der ", "von meinem iphone "),
    *("envoyé de mon ", "envoyé depuis mon ", "envoyé à partir d", "enviado desde mi "),
    *("enviado do meu ", "enviado desde outlook", "inviato da iphone", "inviato dal mio "),
    *("verzonden vanaf mijn ", "verstuurd vanaf mijn ", "skickat från min ", "sendt fra min "),
    *("wysłane z ", "odesláno z ", "отправлено с ", "lähetetty "),
)

CLOSINGS = _listed(
    "best, best regards, best wishes, regards, kind regards, warm regards, kindest regards",
    "warmest regards, all the best, sincerely, yours sincerely, sincerely yours, respectfully",
    "cheers, many thanks, thanks, thank you, thanks and regards, thanks & regards, br, kr",
    "with kind regards, thanks again, thank you very much, warmly",
    "mit freundlichen grüßen, mit freundlichen grüssen, mit freundlichem gruß, mfg, vg, lg",
    "freundliche grüße, freundliche grüsse, viele grüße, viele grüsse, beste grüße, beste grüsse",
    "liebe grüße, herzliche grüße, schöne grüße, mit besten grüßen, gruß, grüße, danke",
    "vielen dank, cordialement, bien cordialement, bien à vous, sincères salutations, merci",
    "meilleures salutations, salutations, bonne journée, cdlt",
    "saludos, un saludo, saludos cordiales, un cordial saludo, atentamente, atte, gracias",
    "muchas gracias, atenciosamente, obrigado, obrigada, abraço, cordiali saluti",
    "distinti saluti, saluti, un saluto, grazie, met vriendelijke groet, met vriendelijke groeten",
    "groeten, groet, mvg, med vänliga hälsningar, vänliga hälsningar, hälsningar, mvh, hilsen",
    "med venlig hilsen, med vennlig hilsen, venlig hilsen, vennlig hilsen, pozdrawiam",
    "z poważaniem, s pozdravem, с уважением, ystävällisin terveisin",
)

# Written small in titles and names of companies.
SMALL_WORDS = _listed(
    "of, and, the, for, at, in, und, der, die, das, für, von, van, de, la, le, du, des, et, y, e",
    "del, di, da",
)
