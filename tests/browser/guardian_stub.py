"""A guardian that has a browser and nothing else: argv is the compositor's socket and the browser's user."""

import asyncio
import sys
from pathlib import Path

from kiosk.guardian.browser import Browser, BrowserSettings


async def main() -> None:
    policy = {"URLBlocklist": ["*"], "URLAllowlist": ["about:blank"]}
    settings = BrowserSettings(Path(sys.argv[1]), policy, lambda url: False, user=sys.argv[2] or None)
    browser = Browser(settings, lambda event: None)
    door = await browser.start()
    await browser.ready()
    print("ready", flush=True)
    await asyncio.Event().wait()
    door.close()


asyncio.run(main())
