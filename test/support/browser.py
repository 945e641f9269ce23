"""A page as a reader's browser has it: Debian's chromium without a window, and its own driver.

One that is not there is an error, not a skip: scripts/install-deps.sh test installs it.
"""

import base64
import json
import pathlib

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service


class browser:
    def __init__(self, folder):
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu",
                         "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
                         "--disable-background-networking",
                         "--disable-component-update", "--window-size=1200,900",
                         f"--user-data-dir={folder}/profile"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.folder = pathlib.Path(folder)
        self.driver = webdriver.Chrome(
            service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(60)

    def close(self):
        self.driver.quit()

    def open(self, page, script=True, dark=False, paper=False, width=1200):
        """Opens a file. What was written to the console and asked of the network before is gone."""
        ask = self.driver.execute_cdp_cmd
        ask("Emulation.setScriptExecutionDisabled", {"value": not script})
        ask("Emulation.setEmulatedMedia",
            {"media": "print" if paper else "screen",
             "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        ask("Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})
        ask("Browser.setDownloadBehavior",
            {"behavior": "allow", "downloadPath": str(self.folder)})
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.url = pathlib.Path(page).resolve().as_uri()
        self.driver.get(self.url)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def texts(self, selector):
        """What elements hold, seen or not."""
        return self.run(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector)

    def complaints(self):
        """What the console said since the page was opened."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        """URLs that were asked for besides the page, without what is in the page itself."""
        out = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                if url != self.url and not url.startswith(("data:", "blob:", "about:")):
                    out.append(url)
        return out

    def screenshot(self, path):
        """Of the whole page, for a person."""
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True, "clip": {**size, "scale": 1}})
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))
