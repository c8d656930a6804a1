"""How much each of many tenants has: a few have most of it."""


def uneven(total: int, parts: int, exponent: float) -> list[int]:
    """Split a total into parts of which the n-th is in proportion to 1 / n to the exponent.

    Returns:
        The parts, the largest first. Each has at least one, and together they are the total.
    """
    weights = [1 / number**exponent for number in range(1, parts + 1)]
    whole, spare = sum(weights), total - parts
    shares = [spare * weight / whole for weight in weights]
    sizes = [1 + int(share) for share in shares]
    # What rounding left goes to those whose share was cut the most.
    cut = sorted(range(parts), key=lambda number: int(shares[number]) - shares[number])
    for number in cut[: total - sum(sizes)]:
        sizes[number] += 1
    return sizes
