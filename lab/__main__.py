"""python -m lab VERB: what `make cluster`, Molecule and the tests call."""

from __future__ import annotations

import argparse
from pathlib import Path

from lab import artifacts, cluster, hosts, inventory, mirror, packages, pins, ssh, store, topology
from lab.report import say
from lab.topology import Topology

CHECKOUT = Path(__file__).parent.parent
DEFAULT = "default"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m lab", description="Real hosts and a download mirror on this machine."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)

    def verb(name: str, text: str, *, lab: bool = True, host: bool = False) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=text, description=text)
        if lab:
            sub.add_argument("--topology", default=DEFAULT, help="name in lab/topologies, or path of a .json file")
            sub.add_argument("--name", default="", help="another name than the topology's own")
            sub.add_argument("--directory", type=Path, help="for inventory and known_hosts (.lab, or .lab/NAME)")
            sub.add_argument("--minor", default=pins.DEFAULT_MINOR, choices=list(pins.RELEASES))
        if host:
            sub.add_argument("host", nargs="+")
        return sub

    verb("packages", "install the Debian packages the lab needs", lab=False)
    get = verb("artifacts", "get or build everything a cluster downloads, and offer it", lab=False)
    get.add_argument("--minor", default=pins.DEFAULT_MINOR, choices=list(pins.RELEASES))
    get.add_argument("--with", dest="extras", action="append", default=[], choices=["e2e", "plugins"])
    verb("cluster", "all of it: packages, artifacts, hosts, playbooks/site.yml; shows the cluster")
    verb("clean", "remove the lab, and stop the mirror when no other lab is left")
    verb("kubeconfig", "fetch the cluster's kubeconfig")
    verb("up", "start or mend the hosts of a lab, and the mirror; write its inventory")
    verb("down", "remove the hosts, volumes and network of a lab")
    verb("reset", "make hosts anew, as if just installed (all, or those named)").add_argument("host", nargs="*")
    verb("kill", "end hosts at once, as a power failure does", host=True)
    verb("stop", "shut hosts down", host=True)
    verb("start", "start hosts that were killed or stopped", host=True)
    servers = verb("mirror", "start or stop the two servers of the mirror", lab=False)
    servers.add_argument("action", choices=["start", "stop"])
    made = verb("golden", "make the golden files of tests/parity anew, with real kubeadm", lab=False)
    made.add_argument("--minor", default=pins.DEFAULT_MINOR, choices=list(pins.RELEASES))
    made.add_argument("--matrix", action="store_true", help="the cases of tests/parity/cases instead of a real cluster")
    made.add_argument("--case", action="append", default=[], help="only this case of the matrix (may be repeated)")
    serve = verb("serve", "the file server of the mirror, in the foreground", lab=False)
    serve.add_argument("--port", type=int, required=True)
    serve.add_argument("--tree", type=Path, required=True)
    arguments = parser.parse_args()

    if arguments.verb == "packages":
        packages.install()
    elif arguments.verb == "artifacts":
        packages.install()
        artifacts.ensure(pins.release(arguments.minor), arguments.extras)
    elif arguments.verb == "mirror":
        {"start": mirror.start, "stop": mirror.stop}[arguments.action]()
    elif arguments.verb == "golden":
        if arguments.matrix or arguments.case:
            golden_cases(pins.release(arguments.minor), arguments.case)
        else:
            golden_files(pins.release(arguments.minor))
    elif arguments.verb == "serve":
        mirror.serve(arguments.port, arguments.tree)
    else:
        lab = topology.load(arguments.topology, arguments.name)
        directory = arguments.directory or CHECKOUT / ".lab" / ("" if lab.name == "kubephase" else lab.name)
        _lab(arguments, lab, directory.resolve())


def _lab(arguments: argparse.Namespace, lab: Topology, directory: Path) -> None:
    named = [lab.host(name) for name in getattr(arguments, "host", [])]
    release = pins.release(arguments.minor)
    if arguments.verb == "up":
        up(lab, directory, release)
    elif arguments.verb == "cluster":
        packages.install()
        artifacts.ensure(release)
        up(lab, directory, release)
        cluster.install(directory)
        cluster.show(cluster.kubeconfig(lab, directory), release)
    elif arguments.verb == "kubeconfig":
        say(f"kubeconfig: {cluster.kubeconfig(lab, directory)}")
    elif arguments.verb == "down":
        hosts.down(lab)
    elif arguments.verb == "clean":
        hosts.down(lab)
        forget(directory)
        if not hosts.any_lab():
            mirror.stop()
    elif arguments.verb == "reset":
        ssh.hang_up(lab.name)
        for host in named or lab.hosts:
            hosts.remove(lab, host)
        up(lab, directory, release)
    else:
        act = {"kill": hosts.kill, "stop": hosts.stop, "start": hosts.start}[arguments.verb]
        for host in named:
            act(lab, host)


def up(lab: Topology, directory: Path, release: pins.Release) -> None:
    packages.install()
    with store.lock("hosts"):
        mirror.start()
        directory.mkdir(parents=True, exist_ok=True)
        known_hosts = directory / "known_hosts"
        hosts.up(lab, known_hosts)
        access = inventory.Access(ssh.key(), known_hosts, ssh.control_folder(lab.name))
        path = directory / "inventory.yml"
        store.replace_text(path, inventory.render(lab, access, release, inventory.of_machine()))
        say(f"lab {lab.name}: {len(lab.hosts)} hosts up; inventory {path}")


def golden_files(release: pins.Release) -> None:
    """Its hosts have the addresses of the Molecule lab, which must be down meanwhile; they are removed at the end."""
    from lab import golden

    lab = topology.load("golden")
    packages.install()
    artifacts.ensure(release)
    hosts.down(lab)
    up(lab, CHECKOUT / ".lab" / lab.name, release)
    try:
        golden.make(lab, release)
    finally:
        hosts.down(lab)


def golden_cases(release: pins.Release, names: list[str]) -> None:
    """One host, which stays; only kubeadm must be in the mirror."""
    from lab import golden_cases, golden_matrix

    cases = [golden_cases.load(name) for name in names or golden_cases.names()]
    lab = topology.load("matrix")
    up(lab, CHECKOUT / ".lab" / lab.name, release)
    golden_matrix.make(lab, release, cases)


def forget(directory: Path) -> None:
    """What the lab wrote there; anything else is left."""
    for name in ("inventory.yml", "known_hosts", "kubeconfig"):
        (directory / name).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
