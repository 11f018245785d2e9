"""The nursery's end of the air, in a network namespace: the access point, a mail server, and witnesses.

All radios of one kernel hang on one switch, so the access point goes off with the kiosk's radio and comes
back with it. Mails land in INBOX; while HOLD exists none is accepted. ARRIVED tells what came.
"""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from pathlib import Path

from aiosmtpd.smtp import SMTP

NURSERY = Path("/run/nursery")
INBOX, HOLD, ARRIVED = NURSERY / "inbox", NURSERY / "hold", NURSERY / "arrived"
HERE = "10.77.0.1"
BENCH = Path("/etc/kiosk-bench")
MAIL = "10.0.2.2"  # the same name, and port, as on the cable; by UDP, a name server that never answers
WITNESS = (HERE, 7777)  # UDP and TCP
LOOK = 0.1  # s
DELIVERING = "a mail, not accepted yet"


class Inbox:
    """One file for each accepted mail."""

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        note(DELIVERING)
        while HOLD.exists():
            await asyncio.sleep(LOOK)
        content: bytes = envelope.original_content  # type: ignore[attr-defined]
        (INBOX / f"{len(list(INBOX.iterdir())):04}.eml").write_bytes(content)
        return "250 Accepted"


class Witness(asyncio.DatagramProtocol):
    def datagram_received(self, data: bytes, address: object) -> None:
        note(data.decode().strip())


def note(what: str) -> None:
    with ARRIVED.open("a") as file:
        file.write(what + "\n")


async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    note((await reader.readline()).decode().strip() or "a connection")
    writer.close()


def run(*command: str) -> None:
    subprocess.run(command, check=True)


def blocked() -> bool:
    """Whether any radio is switched off."""
    return any(file.read_text().strip() == "1" for file in Path("/sys/class/rfkill").glob("rfkill*/soft"))


async def access_point() -> None:
    """On the air whenever the radio is on."""
    while True:
        while blocked():
            await asyncio.sleep(LOOK)
        hostapd = await asyncio.create_subprocess_exec("hostapd", str(BENCH / "hostapd.conf"))
        while not blocked() and hostapd.returncode is None:
            await asyncio.sleep(LOOK)
        if hostapd.returncode is None:
            hostapd.kill()
        await hostapd.wait()
        await asyncio.sleep(LOOK)


async def main() -> None:
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "replace", f"{MAIL}/32", "dev", "lo")
    run("ip", "address", "replace", f"{HERE}/24", "dev", "wlan1")
    loop = asyncio.get_running_loop()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(BENCH / "mail.pem")
    port = int((BENCH / "port").read_text())
    await loop.create_server(lambda: SMTP(Inbox(), loop=loop), MAIL, port, ssl=tls)
    await loop.create_datagram_endpoint(Witness, ("0.0.0.0", WITNESS[1]))
    await loop.create_datagram_endpoint(asyncio.DatagramProtocol, (MAIL, port))
    await asyncio.start_server(connected, "0.0.0.0", WITNESS[1])
    await access_point()


if __name__ == "__main__":
    asyncio.run(main())
