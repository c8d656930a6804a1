"""Draws a day: what waited and what left, minute by minute, in each setup. Pure."""

from collections.abc import Sequence
from html import escape

from benchmarks.day_load import DAY_MINUTES
from benchmarks.day_model import MINUTE, Day

_WIDTH, _LEFT, _RIGHT = 874, 84, 20
_HEIGHT, _TOP, _GAP = 190, 46, 64
_COLOURS = ("#b3261e", "#9a6700", "#0b6e4f", "#3b4cc0")
_DASHES = ("", "7 4", "", "2 4")
_POINTS_EVERY = 5


def draw(days: Sequence[Day]) -> str:
    """Return the picture as SVG, in two panels: waiting, and sent a second."""
    waiting = [[float(count) for count in day.waiting] for day in days]
    rates = [[count / MINUTE for count in day.left] for day in days]
    height = _TOP + 2 * (_HEIGHT + _GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="sans-serif" font-size="12" role="img">',
        "<title>A day of ten million messages</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        *_legend(days),
        *_panel("Messages that are due and wait", _TOP + 20, waiting, days),
        *_panel("Messages that leave, a second", _TOP + 20 + _HEIGHT + _GAP, rates, days),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _legend(days: Sequence[Day]) -> list[str]:
    parts = []
    for number, day in enumerate(days):
        x = _LEFT + number * 160
        parts.append(f'<path d="M{x} 18h28" {_stroke(number)}/>')
        parts.append(f'<text x="{x + 34}" y="22">{escape(day.setup.name)}</text>')
    x = _LEFT + len(days) * 160
    parts.append(f'<rect x="{x}" y="11" width="28" height="14" fill="#e4e4e4"/>')
    parts.append(f'<text x="{x + 34}" y="22">no provider answers</text>')
    return parts


def _panel(
    title: str, top: float, curves: Sequence[Sequence[float]], days: Sequence[Day]
) -> list[str]:
    most = _round_up(max(max(curve) for curve in curves))
    bottom = top + _HEIGHT
    parts = [f'<text x="{_LEFT}" y="{top - 8}" font-weight="bold">{escape(title)}</text>']
    for first, end in days[0].load.outages:
        parts.append(
            f'<rect x="{_x(first):.1f}" y="{top}" width="{_x(end) - _x(first):.1f}" '
            f'height="{_HEIGHT}" fill="#e4e4e4"/>'
        )
    for quarter in range(5):
        y = bottom - _HEIGHT * quarter / 4
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#cccccc"/>')
        label = f"{most * quarter / 4:,.0f}"
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for hour in range(0, 25, 3):
        x = _x(hour * 60)
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{hour}:00</text>')
    for number, curve in enumerate(curves):
        parts.append(f'<path d="{_path(curve, most, bottom)}" fill="none" {_stroke(number)}/>')
    return parts


def _path(curve: Sequence[float], most: float, bottom: float) -> str:
    points = []
    for start in range(0, len(curve), _POINTS_EVERY):
        some = curve[start : start + _POINTS_EVERY]
        points.append(f"{_x(start):.1f} {bottom - _HEIGHT * sum(some) / len(some) / most:.1f}")
    return "M" + "L".join(points)


def _x(minute: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * minute / DAY_MINUTES


def _stroke(number: int) -> str:
    colour = _COLOURS[number % len(_COLOURS)]
    dash = _DASHES[number % len(_DASHES)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'stroke="{colour}" stroke-width="2"{dashed}'


def _round_up(value: float) -> float:
    """Return the next number that four lines divide into round ones."""
    unit = 1.0
    while unit * 10 < value:
        unit *= 10
    return next(unit * step for step in (1, 2, 4, 6, 8, 10) if unit * step >= value)
