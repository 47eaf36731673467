"""The cluster itself: made by the playbook a user would run, then shown."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from lab import artifacts, hosts, pins, store
from lab.commands import run
from lab.report import LabError, say
from lab.topology import Topology

CHECKOUT = Path(__file__).parent.parent
PLAYBOOK = "playbooks/site.yml"


def install(directory: Path) -> None:
    """Runs site.yml, its output as it comes."""
    inventory = _shown(directory / "inventory.yml")
    command = [str(Path(sys.executable).with_name("ansible-playbook")), PLAYBOOK, "-i", inventory]
    say(f"running ansible-playbook {' '.join(command[1:])}")
    done = subprocess.run(command, cwd=CHECKOUT, check=False)
    if done.returncode:
        raise LabError(f"{PLAYBOOK} failed with status {done.returncode}; the hosts are left as they are, run it again")


def kubeconfig(topology: Topology, directory: Path) -> Path:
    """Fetches admin.conf from the first control plane host, and points it at that host."""
    members = topology.group("control_plane")
    if not members:
        raise LabError(f"lab {topology.name} has no host in control_plane")
    host = members[0]
    text = hosts.collect(topology, host, "/etc/kubernetes/admin.conf", directory / "known_hosts")
    path = directory / "kubeconfig"
    store.replace_text(path, reachable(text, host.address), 0o600)
    return path


def reachable(text: str, address: str) -> str:
    """The same kubeconfig with an address that this machine reaches; the port is kept."""
    port = re.search(r"^    server: https://\S+?:(\d+)\s*$", text, re.MULTILINE)
    server = f"    server: https://{address}:{port[1] if port else 6443}"
    return re.sub(r"^    server: .*$", server, text, flags=re.MULTILINE)


def show(path: Path, release: pins.Release) -> None:
    """Nodes and Pods, and how to look further."""
    kubectl = str(artifacts.commands(release) / "kubectl")
    for what in (["get", "nodes", "-o", "wide"], ["get", "pods", "--all-namespaces", "-o", "wide"]):
        print(f"\n{run([kubectl, f'--kubeconfig={path}', *what])}", end="")
    print(f"\nkubeconfig: {_shown(path)}    (export KUBECONFIG={path}; kubectl is {kubectl})")
    print(f"again by hand: .venv/bin/ansible-playbook {PLAYBOOK} -i {_shown(path.with_name('inventory.yml'))}")


def _shown(path: Path) -> str:
    """As one would type it in the checkout."""
    return str(path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path)
