"""A few shapes of SVG, with numbers short enough that a drawing can be compared and kept."""

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr


def shape(name: str, **attributes: object) -> str:
    """Return an element without content; `_` in a name stands for `-`."""
    return f"<{name}{_attributes(attributes)}/>"


def text(x: float, y: float, words: str, **attributes: object) -> str:
    """Return a line of text."""
    return f"<text{_attributes({'x': x, 'y': y, **attributes})}>{escape(words)}</text>"


def group(children: Iterable[str], **attributes: object) -> str:
    """Return a group."""
    return f"<g{_attributes(attributes)}>\n" + "\n".join(children) + "\n</g>"


def polygon(points: Sequence[tuple[float, float]], **attributes: object) -> str:
    """Return a closed shape."""
    listed = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
    return shape("polygon", points=listed, **attributes)


def titled(element: str, title: str) -> str:
    """Return an element that says what it is when it is pointed at."""
    return f"<g><title>{escape(title)}</title>{element}</g>"


def document(width: float, height: float, children: Iterable[str], title: str) -> str:
    """Return a whole drawing."""
    size = f'width="{_number(width)}" height="{_number(height)}"'
    box = f'viewBox="0 0 {_number(width)} {_number(height)}"'
    font = 'font-family="Helvetica, Arial, sans-serif"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} {font}>'
    return "\n".join([head, f"<title>{escape(title)}</title>", *children, "</svg>"]) + "\n"


def _attributes(attributes: dict[str, object]) -> str:
    return "".join(
        f" {name.replace('_', '-')}={quoteattr(_plain(value))}"
        for name, value in attributes.items()
    )


def _plain(value: object) -> str:
    return _number(value) if isinstance(value, int | float) else str(value)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
