"""Telling how a build goes, on standard error."""

import logging
import sys
import time
from typing import Any, Callable, Dict, Optional

Event = Dict[str, Any]

log = logging.getLogger("wakemill")

#: Seconds between two plain lines.
_PLAIN_EVERY = 3.0
_BAR = 30


def reporter() -> Callable[[Event], None]:
    """What shows a build: a bar on a terminal and in a notebook, else a line every few
    seconds."""
    terminal = getattr(sys.stderr, "isatty", lambda: False)()
    # Its stream says that it is no terminal, and goes back to a line's start all the same.
    notebook = type(sys.stderr).__module__.startswith("ipykernel.")
    return _Bar() if terminal or notebook else _Lines()


class _Lines:
    def __init__(self) -> None:
        self._said = time.monotonic()

    def __call__(self, event: Event) -> None:
        kind = event["event"]
        if kind == "progress":
            if time.monotonic() - self._said >= _PLAIN_EVERY:
                self._said = time.monotonic()
                self.say(_line(event))
        else:
            text = _text(event)
            if text is not None:
                self.say(text)

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


class _Bar(_Lines):
    def __init__(self) -> None:
        super().__init__()
        self._shown = 0

    def __call__(self, event: Event) -> None:
        if event["event"] != "progress":
            super().__call__(event)
            return
        share = event["done"] / max(event["planned"], 1)
        filled = int(_BAR * share)
        ended = event["planned"] > 0 and event["done"] >= event["planned"]
        text = f"[{'#' * filled}{'-' * (_BAR - filled)}] {_line(event)}"
        end = "\n" if ended and self._shown else ""
        print("\r" + text.ljust(self._shown), end=end, file=sys.stderr, flush=True)
        self._shown = 0 if ended else len(text)

    def say(self, text: str) -> None:
        print("\r" + text.ljust(self._shown), file=sys.stderr, flush=True)
        self._shown = 0


def _line(event: Event) -> str:
    done, planned, seconds = event["done"], event["planned"], event["seconds"]
    rate = event["rows"] / seconds if seconds > 0 else 0.0
    text = f"{done}/{planned} clips, {rate:.0f} rows/s"
    if event["bottleneck"]:
        text += f"; bottleneck: {event['bottleneck']}"
    return text


def _text(event: Event) -> Optional[str]:
    kind = event["event"]
    if kind == "warning":
        return f"warning: {event['text']}"
    if kind == "left_out":
        return f"warning: left out {event['clip']}: {event['stage']}: {event['reason']}"
    if kind == "notice":
        return str(event["text"])
    if kind == "resumed":
        return f"going on after {event['done']} clips"
    return None
