"""The demo as a person starts it: everything up, its people's invoices there, ended by Ctrl-C, and found again."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil

Start = Callable[..., subprocess.Popen[str]]
_PERSONAS = {"active", "failed_charge", "cancelled", "completed", "trial", "pay_what_you_want"}
_PATIENCE = 300  # seconds; a minute on an idle machine


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _started(run_python: Start, data: Path, port: int) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    (data / "demo.json").unlink(missing_ok=True)  # that of an earlier start says nothing about this one
    demo = run_python("-m", "cli", "demo", "--data", data, "--port", str(port))
    until = time.monotonic() + _PATIENCE
    while not _answers(port):
        assert demo.poll() is None, demo.communicate()[0]
        assert time.monotonic() < until, "the demo did not come up"
        time.sleep(0.2)  # another process starts it
    assert (data / "demo.json").exists(), "the API was ready before demo.json was written"
    return demo, json.loads((data / "demo.json").read_text())


def _until_said(demo: subprocess.Popen[str], sentence: str) -> None:
    """Reads what the demo prints, up to that line; the test's own time limit ends a wait in vain."""
    assert demo.stdout is not None
    for line in iter(demo.stdout.readline, ""):
        if sentence in line:
            return
    raise AssertionError(f"the demo ended without saying {sentence!r}")


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_the_demo_starts_works_ends_and_starts_again(run_python: Start, tmp_path: Path) -> None:
    port = _free_port()
    demo, facts = _started(run_python, tmp_path, port)
    home = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=home, trust_env=False) as browser:
        assert browser.get("/health/ready").status_code == 200
        assert browser.get(facts["login_url"]).status_code == 200
        settings = browser.get("/api/v1/portal-settings", headers={"Authorization": f"Bearer {facts['api_key']}"})
        assert settings.json()["login_url"] == facts["login_url"] == f"{home}/portal/demo"
        assert browser.get(facts["inbox_url"]).status_code == 200
        assert browser.get(facts["console_url"]).status_code == 200
        assert facts["console_url"] == f"{home}/console/demo"
        _until_said(demo, "Everything is loaded: all invoices have their PDF.")
        _sign_in_and_find_every_invoice_ready(browser, facts)
        _make_a_second_marketplace(run_python, browser, tmp_path)
    assert set(facts["customers"]) >= _PERSONAS
    assert set(facts["staff"]) == {"owner", "support", "analyst", "auditor"}
    family = psutil.Process(demo.pid).children(recursive=True)

    demo.send_signal(signal.SIGINT)
    assert demo.wait(timeout=60) == 0
    assert psutil.wait_procs(family, timeout=20)[1] == []

    again, same = _started(run_python, tmp_path, port)
    again.send_signal(signal.SIGINT)
    assert again.wait(timeout=60) == 0
    assert same == facts


def _sign_in_and_find_every_invoice_ready(browser: httpx.Client, facts: dict[str, Any]) -> None:
    """By the JSON API, as the persona who has paid by subscription: no invoice is still being prepared."""
    marketplace = {"marketplace": "demo"}
    browser.post("/api/v1/portal/access-links", json={**marketplace, "email": facts["customers"]["active"]})
    until = time.monotonic() + 60
    while not (mails := [mail for mail in browser.get("/inbox.json").json() if mail["template"] == "access_link"]):
        assert time.monotonic() < until, "no access link came"
        time.sleep(0.2)  # another process sends it
    link = next(word for word in mails[0]["text"].split() if "/access/" in word)
    session = browser.post("/api/v1/portal/sessions", json={**marketplace, "token": link.rsplit("/", 1)[-1]}).json()[
        "session_token"
    ]
    bearer = {"Authorization": f"Bearer {session}"}
    payments = browser.get("/api/v1/portal/payments", headers=bearer).json()["payments"]
    assert payments
    for payment in payments:
        invoice = browser.get(f"/api/v1/portal/invoices/{payment['invoice_number']}", headers=bearer)
        assert invoice.content.startswith(b"%PDF-"), invoice.text


def _make_a_second_marketplace(run_python: Start, browser: httpx.Client, data: Path) -> None:
    """Knowing nothing but the demo's folder: no setting of its processes is in the environment."""
    words = ("--slug", "second", "--name", "Second", "--owner", "o@example.com", "--data", str(data))
    made = run_python("-m", "cli", "marketplace", "create", *words, DATABASE_URL="", SECRET_KEY="", PUBLIC_URL="")
    told, _ = made.communicate(timeout=60)

    assert made.returncode == 0, told
    assert str(browser.base_url.join("/portal/second")) in told
    key = next(line.split()[-1] for line in told.splitlines() if line.startswith("API key"))
    settings = browser.get("/api/v1/portal-settings", headers={"Authorization": f"Bearer {key}"})
    assert settings.json()["login_url"].endswith("/portal/second")
