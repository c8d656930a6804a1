"""Phone numbers in E.164, read in the region of the lead, else of the workspace."""

import phonenumbers


def to_e164(number: str | None, region: str) -> str | None:
    """Return the number in E.164, or None when it cannot be a phone number.

    Args:
        number: as a person or a provider wrote it.
        region: ISO 3166 two-letter code, used where the number has no country code.
    """
    if not number:
        return None
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def known_region(region: str) -> bool:
    """Say whether phone numbers can be read in this region."""
    return region in phonenumbers.SUPPORTED_REGIONS
