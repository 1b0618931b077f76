# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A headless Chromium that is asked over its DevTools protocol, through a pipe: nothing but Python is needed for it.

As a program it takes pictures of a report, for people to look at: ``chromium.py index.html DIRECTORY``.
"""

from __future__ import annotations

import base64
import collections
import contextlib
import fcntl
import itertools
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 120.0
"""Seconds that an answer may take on a busy machine."""
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars --remote-debugging-pipe"
).split()
KEYS = {"Tab": 9, "Enter": 13, " ": 32, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38}
"""Names of keys to their codes on Windows, which is what the protocol wants."""
DESKTOP, PHONE = (1280, 900), (390, 844)

Json = t.Dict[str, t.Any]


class BrowserError(Exception):
    """What the browser said instead of an answer."""


class Browser:
    """One running browser."""

    def __init__(self, profile: pathlib.Path, *flags: str) -> None:
        self._numbers = itertools.count(1)
        self._pending: t.Deque[Json] = collections.deque()
        self._rest = b""
        # Beyond the two that the browser's are copied to.
        ours = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (*self._pipe(), *self._pipe())]
        theirs_in, self._out, self._in, theirs_out = ours
        argv = [str(PROGRAM), *FLAGS, "--user-data-dir=%s" % profile, *flags, "about:blank"]

        def wire() -> None:
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=wire,
            pass_fds=(3, 4), start_new_session=True,
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)

    def _pipe(self) -> t.Tuple[int, int]:
        return os.pipe()

    def call(self, method: str, session: t.Optional[str] = None, **params: t.Any) -> Json:
        """What a method of the protocol returns."""
        number = next(self._numbers)
        message: Json = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        view = memoryview(json.dumps(message).encode("ascii") + b"\0")
        while view:
            view = view[os.write(self._out, view) :]
        answer = self._wait(lambda said: said.get("id") == number)
        if "error" in answer:
            raise BrowserError("%s: %s" % (method, answer["error"]))
        return t.cast("Json", answer["result"])

    def event(self, method: str, session: str) -> Json:
        """The next event of this name, or one that has come since it was last asked for."""

        def fits(said: Json) -> bool:
            return said.get("method") == method and said.get("sessionId") == session

        for said in self._pending:
            if fits(said):
                self._pending.remove(said)
                return t.cast("Json", said["params"])
        return t.cast("Json", self._wait(fits)["params"])

    def _wait(self, wanted: t.Callable[[Json], bool]) -> Json:
        until = time.monotonic() + PATIENCE
        while True:
            said = self._read(until)
            if wanted(said):
                return said
            if "method" in said:
                self._pending.append(said)

    def _read(self, until: float) -> Json:
        while b"\0" not in self._rest:
            if not select.select([self._in], [], [], max(until - time.monotonic(), 0))[0]:
                raise BrowserError("no answer within %.0f seconds" % PATIENCE)
            piece = os.read(self._in, 1 << 20)
            if not piece:
                raise BrowserError("the browser ended")
            self._rest += piece
        line, _nul, self._rest = self._rest.partition(b"\0")
        return t.cast("Json", json.loads(line))

    def page(self, size: t.Tuple[int, int] = DESKTOP, dark: bool = False) -> Page:
        return Page(self, size, dark)

    def close(self) -> None:
        with contextlib.suppress(BrowserError, OSError):
            self.call("Browser.close")
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)


class Page:
    """A tab."""

    def __init__(self, browser: Browser, size: t.Tuple[int, int], dark: bool) -> None:
        self._browser = browser
        self._context = browser.call("Target.createBrowserContext")["browserContextId"]
        self._target = browser.call("Target.createTarget", url="about:blank", browserContextId=self._context)[
            "targetId"
        ]
        self._session = browser.call("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Network.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1,
            mobile=size[0] < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.call("Emulation.setEmulatedMedia", features=[scheme, still])

    def call(self, method: str, **params: t.Any) -> Json:
        return self._browser.call(method, self._session, **params)

    def open(self, url: str) -> Page:
        """Returns when all of it has loaded."""
        said = self.call("Page.navigate", url=url)
        if said.get("errorText"):
            raise BrowserError("%s: %s" % (url, said["errorText"]))
        self._browser.event("Page.loadEventFired", self._session)
        return self

    def ask(self, body: str) -> t.Any:
        """What a function with this body returns, as JSON. The page's own policy does not bind it."""
        return self.value("(async () => { %s })()" % body)

    def value(self, expression: str) -> t.Any:
        said = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in said:
            raise BrowserError(json.dumps(said["exceptionDetails"]))
        return said["result"].get("value")

    def key(self, name: str, shift: bool = False) -> None:
        """Press and release a key, as a person does."""
        told = {"key": name, "code": "Space" if name == " " else name, "windowsVirtualKeyCode": KEYS[name]}
        text = {"Enter": "\r", " ": " "}.get(name)
        pressed = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self.call("Input.dispatchKeyEvent", modifiers=8 if shift else 0, **told, **pressed)
        self.call("Input.dispatchKeyEvent", modifiers=8 if shift else 0, type="keyUp", **told)

    def write(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def shot(self, path: pathlib.Path, whole: bool = False) -> None:
        """A picture of the window, or of the whole page."""
        clip: Json = {}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"captureBeyondViewport": True, "clip": dict(size, height=min(size["height"], 16000), scale=1)}
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png", **clip)["data"]))

    def close(self) -> None:
        self._browser.call("Target.disposeBrowserContext", browserContextId=self._context)


@contextlib.contextmanager
def running(*flags: str) -> t.Iterator[Browser]:
    """A browser with a profile of its own, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="reclaim-chromium-", ignore_cleanup_errors=True) as profile:
        browser = Browser(pathlib.Path(profile), *flags)
        try:
            yield browser
        finally:
            browser.close()


def main() -> None:
    page, where = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    where.mkdir(parents=True, exist_ok=True)
    prefix = sys.argv[3] if len(sys.argv) > 3 else page.stem
    with running() as browser:
        for (kind, size), dark in itertools.product((("desktop", DESKTOP), ("phone", PHONE)), (False, True)):
            tab = browser.page(size, dark).open(page.as_uri())
            name = "%s-%s-%s" % (prefix, kind, "dark" if dark else "light")
            tab.shot(where / (name + ".png"))
            tab.shot(where / (name + "-whole.png"), whole=True)
            tab.close()


if __name__ == "__main__":
    main()
