"""A real browser for the tests of the HTML page: headless Chromium, driven by selenium.

Without a browser and its driver (`apt-get install chromium chromium-driver`), a test that asks for them is
skipped, or fails if `ASSOC_LOADER_BROWSER_REQUIRED` is set, as CI should.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

_FLAGS = (
    "--headless",
    "--no-sandbox",  # CI runs as root in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


@contextmanager
def chromium(profile: Path, *flags: str) -> Iterator[Chrome]:
    """A browser with an empty `profile` folder, which logs for `console` and `loaded`."""
    browser = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        missing = "no Chromium or no chromedriver on the PATH: the page is not tested in a browser"
        if os.environ.get("ASSOC_LOADER_BROWSER_REQUIRED"):
            pytest.fail(missing)
        pytest.skip(missing)
    options = ChromeOptions()
    options.binary_location = browser
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for flag in (*_FLAGS, f"--user-data-dir={profile}", *flags):
        options.add_argument(flag)
    chrome = Chrome(options=options, service=Service(driver))  # a named driver: selenium downloads none
    try:
        yield chrome
    finally:
        chrome.quit()


def resize(chrome: Chrome, width: int, height: int, *, mobile: bool = False) -> None:
    """Give the page a viewport of exactly this size in CSS pixels."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def prefer(chrome: Chrome, scheme: str) -> None:
    """Make the system prefer the `light` or the `dark` colour scheme."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def console(chrome: Chrome) -> list[str]:
    """The messages of the console since the last call, errors of scripts and of the policy included."""
    return [str(entry["message"]) for entry in chrome.get_log("browser")]  # type: ignore[no-untyped-call]


def loaded(chrome: Chrome) -> list[str]:
    """The addresses that pages have asked for since the last call."""
    log = chrome.get_log("performance")  # type: ignore[no-untyped-call]
    events = [json.loads(entry["message"])["message"] for entry in log]
    return [
        str(event["params"]["request"]["url"])
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]


def photograph(chrome: Chrome, path: Path) -> None:
    """Save a picture of the whole page, also of what would need scrolling."""
    shot = chrome.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})
    path.write_bytes(base64.b64decode(shot["data"]))
