"""How one comes into the hosts: the lab's key, and host keys that were read inside the hosts."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

from lab import store
from lab.commands import run
from lab.podman import execute
from lab.report import LabError

USER = "ops"


def key() -> Path:
    """The private key, made when missing; one for all labs of a cache."""
    path = store.cache() / "ssh" / "id_ed25519"
    if not path.is_file():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "kubephase-lab", "-f", path])
    return path


def admit(container: str) -> str:
    """Lets the lab's key in and returns the host's public key; both by podman, so nothing is trusted from the network."""
    public = key().with_suffix(".pub").read_text()
    script = (
        "set -e; f=/home/ops/.ssh/authorized_keys; cat > $f; chown ops:ops $f; chmod 600 $f; "
        "i=0; until [ -s /etc/ssh/ssh_host_ed25519_key.pub ]; do i=$((i+1)); [ $i -lt 300 ]; sleep 0.1; done; "
        "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub"
    )
    return execute(container, "sh", "-c", script, stdin=public).strip()


def arguments(known_hosts: Path) -> list[str]:
    return ["-o", f'UserKnownHostsFile="{known_hosts}"', "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes"]


def command(address: str, known_hosts: Path, *remote: str) -> list[str]:
    return ["ssh", *arguments(known_hosts), "-o", "BatchMode=yes", "-i", str(key()), f"{USER}@{address}", *remote]


def wait(address: str, known_hosts: Path, timeout: float = 60) -> None:
    """Until one can log in and use sudo."""
    until = time.monotonic() + timeout
    seen = "nothing"
    while time.monotonic() < until:
        try:
            with socket.create_connection((address, 22), timeout=2) as connection:
                connection.settimeout(2)
                if not connection.recv(4).startswith(b"SSH"):
                    raise OSError("no SSH banner")
        except OSError as problem:
            seen = str(problem)
            time.sleep(0.1)
            continue
        done = subprocess.run(
            command(address, known_hosts, "sudo", "-n", "true"), capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return
        seen = done.stderr.strip()
        time.sleep(0.2)
    raise LabError(f"no login as {USER} on {address} after {timeout:.0f} s; last seen: {seen}")


def control_folder(lab: str) -> Path:
    """Where Ansible's connections to a lab are kept open; socket paths must be short, so it is in the cache."""
    return store.folder("ssh") / lab


def hang_up(lab: str) -> None:
    """Closes them: after a host was made anew they would lead nowhere."""
    for at in control_folder(lab).glob("*"):
        subprocess.run(["ssh", "-O", "exit", "-S", str(at), "lab"], capture_output=True, check=False)
        at.unlink(missing_ok=True)
