"""A virtual Pi that nobody has provisioned, with an enrolment server and the fleet's broker in it.

A guest has no network but its own, so both run beside the kiosk. What they know lies in folders
that the kiosk's user cannot read.
"""

import hashlib
import shlex
import shutil
import time
from importlib.metadata import files
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from kiosk.enrolment.claim import claim_text
from kiosk.enrolment.keys import new_key, request_for, request_pem
from kiosk.enrolment.wire import Redeem
from kiosk.eye.scenes import Scene, SceneCode, draw
from kiosk.network.wifi import Wifi
from provisioning.fleet import broker_files, many
from provisioning.fleet.broker_files import Listener
from provisioning.fleet.names import Role
from tests.device.pi.parts import VirtualPi
from tests.device.pi.whole_parts import InstalledPi
from tests.parts.fleets import PHRASE, Fleet
from tests.parts.lists import pem_of
from tests.parts.onboarding_codes import onboarder, onboarding_code

SERVER, BROKER_PORT = "https://127.0.0.1:8443", 8883
WIFI = Wifi("Nhà văn hóa 42", "mot mat khau dai", hidden=True)
CONNECTION = "/etc/NetworkManager/system-connections/door-kiosk.nmconnection"
DOOR = "starting device=door-1 site=hk-042"
"""What only a door says, when it starts."""
_SIZE_PX = (1280, 720)
_NEEDED = ("starlette", "uvicorn", "anyio", "h11", "idna", "click", "structlog")
"""What serves, and a kiosk has not; all of it is Python."""
_PYTHON = "/opt/door-kiosk/current/venv/bin/python"
_SETTINGS = """\
[kiosk]
direction = "in"
[identity]
site_key_file = "/var/lib/kiosk/site.key"
[camera]
kind = "picamera2"
[eye]
decoders = ["zxing", "zbarlight"]
socket = "/run/kiosk/eye.sock"
[payloads]
accept = ["cccd"]
[gpio]
pins = "lgpio"
button_pin = 23
[indicators]
use = ["led", "buzzer"]
[outbox]
kind = "sqlite"
path = "/var/lib/kiosk/outbox.db"
[uplink]
kind = "mqtt"
[enrolment]
ca_file = "/var/lib/kiosk/ca.pem"
[onboarding]
signers = ["/etc/kiosk/onboarding.pub"]
"""
_SERVE = """
from pathlib import Path
from provisioning.fleet.serve_command import serve
serve(["127.0.0.1"], "127.0.0.1", 8443, Path("/var/lib/fleet"), Path("/var/lib/fleet/phrase"))
"""
_LISTEN = """
import ssl, threading
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
heard = open("/run/heard-by-tls", "a", buffering=1)
def write(client, userdata, message):
    heard.write(f"{message.topic} {message.payload.decode()}\\n")
client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
context = ssl.create_default_context(cafile="/var/lib/listener/ca.pem")
context.load_cert_chain("/var/lib/listener/enrolled.key")
client.tls_set_context(context)
client.on_connect = lambda client, *_: client.subscribe("kiosk/v1/+/+/event/+", qos=1)
client.on_message = write
client.connect("127.0.0.1", 8883)
client.loop_forever()
"""


class Newcomer(InstalledPi):
    """A Pi with the kiosk on its disk and no provisioning, and a fleet that waits for it."""

    def __init__(self, folder: Path, **more: Any) -> None:
        super().__init__(folder, **more)
        self.fleet = Fleet(folder / "fleet")
        self.fleet.add_sites("hk-042")

    def unprovision(self) -> None:
        """Take from the disk what the image has of a door, and start as a new kiosk."""
        self._write_share()
        self.shell("systemctl stop kiosk kiosk-eye")
        # Until now it was a door, and said so.
        self._since = self.shell("date +@%s.%N")
        self.shell(
            "rm -rf /var/lib/kiosk/* /var/lib/kiosk/.??*;"
            "install -d -m 700 /etc/NetworkManager/system-connections;"
            "install -m 644 /mnt/onboarding.pub /etc/kiosk/onboarding.pub;"
            "install -m 640 -g kiosk-link /mnt/unprovisioned.toml /etc/kiosk/config.toml;"
            "cp -r /mnt/listener /var/lib/listener; cp -r /mnt/packages /var/lib/fleet-packages;"
            "cp -r /mnt/fleet /var/lib/fleet; cp -r /mnt/broker /var/lib/fleet-broker;"
            "chmod 700 /var/lib/listener /var/lib/fleet;"
            "chown -R mosquitto /var/lib/fleet-broker; sync"
        )
        self.start_the_city()
        self.shell("systemctl start kiosk")
        self.until_says("show-code")

    def start_the_city(self) -> None:
        """Start enrolment server, broker and ledger's ear; after a boot they are gone."""
        # Not in /mnt: whoever runs there would hold it when the test ends.
        self.shell(
            f"cd /run; cat >serve.py <<'END'\n{_SERVE}END\n"
            f"cat >listen.py <<'END'\n{_LISTEN}END\n"
            "systemd-run -q --unit=city-serve --setenv=PYTHONPATH=/var/lib/fleet-packages"
            f" {_PYTHON} /run/serve.py;"
            "systemd-run -q --unit=city-broker mosquitto -c /var/lib/fleet-broker/mosquitto.conf;"
            "systemd-run -q --unit=city-ear --property=Restart=always --property=RestartSec=1"
            " /opt/kiosk-ledger/bin/python -I /run/listen.py"
        )
        self.until_logged("-u city-serve", "enrolment server for")

    def plug_in_again(self) -> None:
        """Boot once more from what the plug left on the disk."""
        before = (self.share / "boot").read_text("ascii").strip()
        VirtualPi.__enter__(self)
        self.until_it_boots_again(before)

    def until_says(self, *words: str) -> None:
        """Wait until the kiosk has said one of these in this boot, without its provisioning."""
        self.until_logged(f"-u kiosk --since {self._since}", *words)

    def hold_the_button(self, *, down: bool = True) -> None:
        """Connect the button's pin to ground, or let go of it.

        Whoever takes the simulated pin pulls it up, and a finger would not let it: so again and
        again.
        """
        pull = "$(echo /sys/devices/platform/*/gpiochip*/sim_gpio23/pull)"
        loop = f"while :; do echo pull-down >{pull}; sleep 0.02; done"
        if down:
            self.shell(f"systemd-run -q --unit=city-finger sh -c {shlex.quote(loop)}")
        else:
            self.shell(f"systemctl stop city-finger; echo pull-up >{pull}")

    def until_this_start_says(self, words: str) -> None:
        """Wait until the kiosk has said these words since it was started last."""
        run = "_SYSTEMD_INVOCATION_ID=$(systemctl show --value -p InvocationID kiosk)"
        self.until_logged(run, words)

    def until_door(self) -> None:
        """Wait until the kiosk is a door that is ready."""
        self.until_says(DOOR)
        self.until_ready()

    def code(self, key: Ed25519PrivateKey | None = None, **changed: Any) -> str:
        """Return a code of the operator for this kiosk; its claim was made before the boot."""
        root = self.fleet.folder.root_certificate().public_bytes(Encoding.DER)
        said: dict[str, Any] = {
            "server": SERVER,
            "pin": hashlib.sha256(root).digest(),
            "host": "127.0.0.1",
            "port": BROKER_PORT,
            "issued_s": int(time.time()) - 3600,
            "wifi": WIFI,
            **changed,
        }
        return onboarding_code(key, **said).decode()

    def claim(self, device: str = "door-1") -> bytes:
        """Return a new claim; called before `unprovision`."""
        return self.fleet.registrar.claim_for("hk-042", device)[0]

    def hold_up(self, *texts: str) -> None:
        """Hold up phones, and let the eye open its camera anew; each picture has three frames."""
        folder = self.share / "pictures"
        for old in folder.iterdir():
            old.unlink()
        for number, text in enumerate(text for text in texts for _ in range(3)):
            codes = (SceneCode(text=text, look="phone", size=0.7, turn_deg=4),) if text else ()
            picture = draw(Scene(codes=codes, noise=4), _SIZE_PX, 1, number)
            picture.convert("RGB").save(folder / f"{number}.jpg", quality=90)
        self.shell(
            "rm -f /run/pictures/*; cp /mnt/pictures/* /run/pictures; systemctl restart kiosk-eye"
        )

    def has(self, path: str) -> bool:
        """Tell whether there is such a file."""
        return self.run(f"test -e {path}").returncode == 0

    def checked_in(self) -> list[str]:
        """Return the check-ins that went over the fleet's broker."""
        topic = "kiosk/v1/hk-042/door-1/event/checkin "
        lines = self.shell("cat /run/heard-by-tls 2>/dev/null || true").splitlines()
        return [line for line in lines if line.startswith(topic)]

    def redeemed_elsewhere(self) -> bytes:
        """Return a claim for this kiosk that somebody else was faster with."""
        claim = self.claim()
        request = request_pem(request_for(new_key()))
        self.fleet.registrar.redeem(Redeem(claim=claim_text(claim), request=request))
        return claim

    def _write_share(self) -> None:
        fleet, share = self.fleet, self.share
        (fleet.path / "phrase").write_text(PHRASE)
        held = fleet.registrar.service("ledger", Role.LEDGER)
        fleet.write(share / "listener", held)
        assert (share / "listener" / many.KEY).exists()
        signer = fleet.folder.signers(PHRASE)[-1]
        now_s = int(time.time()) - 3600
        broker_files.write_broker(share / "broker", fleet.folder, signer, ["127.0.0.1"], now_s)
        listener = Listener(BROKER_PORT, "127.0.0.1")
        lines = broker_files.settings(Path("/var/lib/fleet-broker"), listener, "mosquitto")
        (share / "broker/mosquitto.conf").write_text("\n".join(lines) + "\n")
        shutil.copytree(fleet.path, share / "fleet")
        (share / "onboarding.pub").write_bytes(pem_of(onboarder()))
        (share / "unprovisioned.toml").write_text(_SETTINGS)
        for name in _NEEDED:
            _copy(name, share / "packages")


def _copy(name: str, target: Path) -> None:
    """Copy an installed package of Python files alone."""
    for file in files(name) or ():
        if ".." not in file.parts and file.suffix in (".py", ".pem"):
            place = target / file
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), place)
