"""A progress bar on a terminal, where `rich` is installed; else silence."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sized
from importlib import import_module
from typing import TypeVar

Item = TypeVar("Item")


def steps(items: Iterable[Item], title: str, total: int | None = None) -> Iterator[Item]:
    """The items, one by one, with a bar on standard error that counts them and goes away when they end.

    >>> list(steps([1, 2, 3], "training"))
    [1, 2, 3]

    Nothing is shown if standard error is no terminal or `rich`, of the extra `progress`, is not installed.
    """
    if not sys.stderr.isatty():
        yield from items
        return
    try:
        progress, console = import_module("rich.progress"), import_module("rich.console")
    except ImportError:
        yield from items
        return
    known = total if total is not None or not isinstance(items, Sized) else len(items)
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
    )
    shown = progress.Progress(*columns, console=console.Console(stderr=True), transient=True)
    with shown:
        yield from shown.track(items, total=known, description=title)
