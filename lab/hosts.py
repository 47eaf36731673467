"""The hosts of a lab: podman containers that run systemd and sshd, each with an address and a /var of its own."""

from __future__ import annotations

import ipaddress
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import hostimage, machine, ssh, store
from lab.commands import run
from lab.podman import execute, exists, inspect, podman
from lab.report import LabError, say
from lab.topology import Host, Topology


def container(topology: Topology, host: Host) -> str:
    return f"{topology.name}-{host.name}"


def volume(topology: Topology, host: Host) -> str:
    return f"{topology.name}-{host.name}-var"


def up(topology: Topology, known_hosts: Path) -> None:
    """Makes or mends the lab; what is there and right is left alone."""
    machine.allow_watches()
    image = hostimage.ensure()
    ssh.key()
    _network(topology)
    with ThreadPoolExecutor() as pool:
        fresh = list(pool.map(lambda host: _host(topology, host, image), topology.hosts))
        if any(fresh):
            ssh.hang_up(topology.name)
        list(pool.map(lambda host: _name_resolution(topology, host), topology.hosts))
        keys = pool.map(lambda host: ssh.admit(container(topology, host)), topology.hosts)
        lines = [f"{host.address} {key}\n" for host, key in zip(topology.hosts, keys)]
        store.replace_text(known_hosts, "".join(lines), 0o644)
        list(pool.map(lambda host: ssh.wait(host.address, known_hosts), topology.hosts))


def down(topology: Topology) -> None:
    """Removes hosts, volumes and the network of this lab and of no other."""
    ssh.hang_up(topology.name)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda host: remove(topology, host), topology.hosts))
    if exists("network", topology.name):
        podman("network", "rm", topology.name)


def remove(topology: Topology, host: Host) -> None:
    podman("rm", "--force", "--ignore", "--time", "5", container(topology, host))
    if exists("volume", volume(topology, host)):
        podman("volume", "rm", "--force", volume(topology, host))


def kill(topology: Topology, host: Host) -> None:
    """As if the power went."""
    podman("kill", container(topology, host))


def stop(topology: Topology, host: Host) -> None:
    podman("stop", "--time", "30", container(topology, host))


def start(topology: Topology, host: Host) -> None:
    podman("start", container(topology, host))


def running(topology: Topology, host: Host) -> bool:
    found = inspect(container(topology, host))
    return bool(found and found["State"]["Running"])


def any_lab() -> bool:
    """Whether any lab still has a host."""
    return bool(podman("ps", "--all", "--quiet", "--filter", "label=kubephase.address").strip())


def _network(topology: Topology) -> None:
    if exists("network", topology.name):
        found = json.loads(podman("network", "inspect", topology.name))[0]
        subnets = [each["subnet"] for each in found.get("subnets", [])]
        if subnets != [topology.subnet]:
            raise LabError(
                f"network {topology.name} is {subnets}, not {topology.subnet}: remove that lab first (lab down)"
            )
        return
    podman(
        "network", "create", "--disable-dns", "--subnet", topology.subnet, "--gateway", topology.gateway, topology.name
    )


def _host(topology: Topology, host: Host, image: str) -> bool:
    """Returns whether the host was started or made by this call."""
    found = inspect(container(topology, host))
    wanted = {"image": image, "address": mac_address(host.address), "ulimits": json.dumps(machine.limits())}
    if found and any(found["Config"]["Labels"].get(f"kubephase.{key}") != value for key, value in wanted.items()):
        say(f"{host.name}: made from another image or definition; making it anew")
        remove(topology, host)
        found = None
    if found and found["State"]["Running"]:
        return False
    if found:
        say(f"{host.name}: starting")
        try:
            start(topology, host)
            return True
        except LabError as problem:
            say(f"{host.name}: does not start, making it anew ({str(problem).splitlines()[-1]})")
            remove(topology, host)
    if not found:
        # a /var that outlived its host would not fit a new one
        remove(topology, host)
    say(f"{host.name}: making it at {host.address}")
    run_arguments = _arguments(topology, host, image, wanted)
    try:
        podman(*run_arguments)
    except LabError as problem:
        say(f"{host.name}: failed, once more from a fresh image ({str(problem).splitlines()[-1]})")
        remove(topology, host)
        with store.lock("host image"):
            hostimage.ensure()
        podman(*run_arguments)
    return True


def mac_address(address: str) -> str:
    """A locally administered one that belongs to the address."""
    return "02:4b:" + ipaddress.ip_address(address).packed.hex(":")


def _name_resolution(topology: Topology, host: Host) -> None:
    """As an installer leaves it: the host knows itself, and the machine's name servers. Later changes are kept."""
    script = '[ -s /etc/hosts ] || printf \'127.0.0.1 localhost\n%s %s\n\' "$1" "$2" > /etc/hosts'
    execute(container(topology, host), "sh", "-c", script, "sh", host.address, host.name)
    servers = Path("/etc/resolv.conf").read_text()
    execute(container(topology, host), "sh", "-c", "[ -s /etc/resolv.conf ] || cat > /etc/resolv.conf", stdin=servers)


def _arguments(topology: Topology, host: Host, image: str, labels: dict[str, str]) -> list[str]:
    options = {
        "name": container(topology, host),
        "hostname": host.name,
        "network": topology.name,
        "ip": host.address,
        # a host keeps its network card: otherwise its neighbours miss it for half a minute after a restart
        "mac-address": mac_address(host.address),
        # with podman's own systemd mode, cgroup v1 hosts would all share one systemd hierarchy
        "systemd": "false",
        "cgroupns": "private",
        "env": "container=podman",
        "stop-signal": "SIGRTMIN+3",
        "log-driver": "k8s-file",
        # so that these are ordinary files, as on a server, and not mounts that cannot be replaced
        "no-hosts": "true",
        "dns": "none",
        # overlay cannot be stacked on the container's own overlay
        "volume": f"{volume(topology, host)}:/var",
    }
    arguments = ["run", "--detach", "--privileged", *(f"--{key}={value}" for key, value in options.items())]
    arguments += [f"--ulimit={name}={value}:{value}" for name, value in machine.limits().items()]
    arguments += [f"--tmpfs={path}" for path in ("/run", "/run/lock", "/tmp")]
    arguments += [f"--label=kubephase.{key}={value}" for key, value in labels.items()]
    return [*arguments, image, "/sbin/init"]


def collect(topology: Topology, host: Host, path: str, known_hosts: Path) -> str:
    """A file of a host that only root may read."""
    return run(ssh.command(host.address, known_hosts, "sudo", "-n", "cat", path))
