# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order site.yml changes control planes that run: the real playbook, with roles that only note what happens."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.playbook

CHECKOUT = Path(__file__).resolve().parents[3]
PROGRAM = Path(sys.executable).with_name("ansible-playbook")
NAMES = ("cp1", "cp2", "cp3")
PLAY = "Change running control planes, one after the other"
#: a host's manifest is a file with one word; API servers that are told "bad" do not run
MODULE = """
import os
from ansible.module_utils.basic import AnsibleModule

def main():
    module = AnsibleModule(dict.fromkeys(["host", "step", "directory", "flag", "administrators"], {}), supports_check_mode=True)
    given, check = module.params, module.check_mode
    manifest = os.path.join(given["directory"], given["host"])
    found = open(manifest).read() if os.path.exists(manifest) else ""
    wrong = given["step"] == "manifest" and found != given["flag"]
    bad = found.startswith("bad")
    if wrong and not check:
        with open(manifest, "w") as file:
            file.write(given["flag"])
    if not check and (wrong or given["step"] != "manifest"):
        with open(os.path.join(given["directory"], "log"), "a") as log:
            log.write(" ".join([given["host"], given["step"], given["administrators"] or ""]).strip() + "\\n")
    if given["step"] == "wait" and bad and not check:
        module.fail_json(msg="kube-apiserver: not healthy")
    unwell = {"unwell": ["kube-apiserver"] if bad else []} if check else {}
    diff = {"before": found + "\\n", "after": given["flag"] + "\\n"} if wrong and module._diff else {}
    module.exit_json(changed=wrong, diff=diff, **unwell)

main()
"""
STEP = {"host": "{{ inventory_hostname }}", "directory": "{{ stub_directory }}"}
TASKS: dict[str, list[dict[str, Any]]] = {
    "config": [{"ansible.builtin.set_fact": {"kubephase": "{{ stub_fact }}"}}],
    "static_manifests": [
        {
            "kubephase.cluster.happened": {**STEP, "step": "manifest", "flag": "{{ stub_flag }}"},
            "register": "static_manifests_result",
        }
    ],
    "wait_control_plane": [
        {
            "kubephase.cluster.happened": {
                **STEP,
                "step": "wait",
                "administrators": "{{ wait_control_plane_administrators | string }}",
            },
            "register": "wait_control_plane_result",
        }
    ],
    "upload_config": [{"kubephase.cluster.happened": {**STEP, "step": "upload"}}],
    "mark_control_plane": [{"kubephase.cluster.happened": {**STEP, "step": "mark"}}],
}
WAIT_DEFAULTS = {"wait_control_plane_administrators": True}


def fact(name: str, address: str, **host: Any) -> dict[str, Any]:
    """As much of it as site.yml itself reads."""
    others = ",".join(f"{one}=https://192.0.2.{number}:2380" for number, one in enumerate(NAMES, 1))
    known = {"founding": False, "member": "control_plane", "etcd_initial_cluster": others}
    return {
        "cluster": {"controlPlaneEndpoint": "k8s.example.org:6443", "certificatesDir": "/pki", "etcd": {"local": {}}},
        "node_registration": {"name": name},
        "local_api_endpoint": {"advertiseAddress": address},
        "skip_phases": [],
        "upload_certs": False,
        "ca_keys": "shared",
        "host": {**known, "etcd_initial_cluster_state": "", **host},
    }


@dataclass
class Site:
    """A checkout whose roles note what happens, and three hosts."""

    directory: Path
    said: str = ""

    @property
    def happened(self) -> list[str]:
        """Of the last run, but for marks of nodes."""
        log = self.directory / "state/log"
        return [line for line in log.read_text().splitlines() if "mark" not in line] if log.exists() else []

    @property
    def manifests(self) -> list[str]:
        paths = [self.directory / "state" / name for name in NAMES]
        return [path.read_text() if path.exists() else "" for path in paths]

    def have(self, *flags: str) -> None:
        for name, flag in zip(NAMES, flags):
            (self.directory / "state" / name).write_text(flag)

    def run(self, flag: str, *options: str, **host: Any) -> int:
        (self.directory / "state/log").unlink(missing_ok=True)
        hosts = {name: {"stub_fact": fact(name, f"192.0.2.{index}", **host)} for index, name in enumerate(NAMES, 1)}
        given = {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": sys.executable,
            "stub_directory": str(self.directory / "state"),
            "stub_flag": flag,
        }
        inventory = {"all": {"vars": given, "children": {"control_plane": {"hosts": hosts}}}}
        (self.directory / "inventory.yml").write_text(json.dumps(inventory))
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(self.directory),
            "ANSIBLE_LOCAL_TEMP": str(self.directory / "tmp"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PIPELINING": "1",
        }
        command = [str(PROGRAM), "-i", str(self.directory / "inventory.yml"), *options, "kubephase.cluster.site"]
        done = subprocess.run(
            command, cwd=self.directory, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        self.said = done.stdout + done.stderr
        return done.returncode


@pytest.fixture
def site(tmp_path: Path) -> Site:
    collection = tmp_path / "ansible_collections/kubephase/cluster"
    (collection / "plugins/modules").mkdir(parents=True)
    (collection / "playbooks").symlink_to(CHECKOUT / "playbooks")
    for kind in ("filter", "lookup", "module_utils", "plugin_utils"):
        (collection / "plugins" / kind).symlink_to(CHECKOUT / "plugins" / kind)
    for module in (CHECKOUT / "plugins/modules").glob("*.py"):
        (collection / "plugins/modules" / module.name).symlink_to(module)
    (collection / "plugins/modules/happened.py").write_text(MODULE)
    for role in (CHECKOUT / "roles").iterdir():
        own = collection / "roles" / role.name
        (own / "tasks").mkdir(parents=True)
        (own / "tasks/main.yml").write_text(yaml.safe_dump(TASKS.get(role.name, [])))
        (own / "meta").mkdir()
        (own / "meta/main.yml").write_text((role / "meta/main.yml").read_text())
    (collection / "roles/wait_control_plane/defaults").mkdir()
    (collection / "roles/wait_control_plane/defaults/main.yml").write_text(yaml.safe_dump(WAIT_DEFAULTS))
    (tmp_path / "state").mkdir()
    return Site(tmp_path)


END = ["cp1 upload", "cp1 wait True", "cp2 wait True", "cp3 wait True"]


def test_one_after_the_other_each_when_the_one_before_is_well(site: Site) -> None:
    site.have("old", "old", "old")
    assert site.run("new", "--diff") == 0, site.said
    rolled = [f"{name} {step}" for name in NAMES for step in ("manifest", "wait False")]
    assert site.happened[:6] == rolled
    assert sorted(site.happened[6:]) == END
    # each is shown once
    assert site.said.count("+new") == 3

    assert site.run("new") == 0, site.said
    assert sorted(site.happened) == END
    assert set(re.findall(r"changed=(\d+)", site.said)) == {"0"}
    assert f"PLAY [{PLAY}] *" in site.said and "skipping: no hosts matched" in site.said


def test_a_failure_leaves_the_others_as_they_are_until_it_is_mended(site: Site) -> None:
    site.have("old", "old", "old")
    failed = ["cp1 manifest", "cp1 wait False"]
    assert site.run("bad") != 0
    assert "kube-apiserver: not healthy" in site.said
    assert (site.happened, site.manifests) == (failed, ["bad", "old", "old"])
    # nothing is to be written on the first one now, and still the others wait for it
    assert site.run("bad") != 0
    assert (site.happened, site.manifests) == (failed[1:], ["bad", "old", "old"])

    assert site.run("old") == 0, site.said
    assert site.happened[:2] == failed and sorted(site.happened[2:]) == END


def test_a_run_that_died_is_gone_on_with(site: Site) -> None:
    site.have("new", "old", "old")
    assert site.run("new") == 0, site.said
    assert site.happened[:4] == ["cp2 manifest", "cp2 wait False", "cp3 manifest", "cp3 wait False"]
    assert sorted(site.happened[4:]) == END


def test_those_that_do_not_serve_come_first_and_at_once(site: Site) -> None:
    site.have("old", "bad", "bad 2")
    assert site.run("new") == 0, site.said
    assert [sorted(site.happened[at : at + 2]) for at in (0, 2, 4)] == [
        ["cp2 manifest", "cp3 manifest"],
        ["cp2 wait False", "cp3 wait False"],
        ["cp1 manifest", "cp1 wait False"],
    ]


def test_check_mode_shows_all_and_touches_nothing(site: Site) -> None:
    site.have("old", "old", "old")
    assert site.run("new", "--check", "--diff") == 0, site.said
    assert (site.happened, site.manifests) == ([], ["old", "old", "old"])
    assert site.said.count("+new") == 3
    assert f"PLAY [{PLAY}] *" in site.said and "skipping: no hosts matched" in site.said


def test_a_new_cluster_is_begun_by_all_at_once(site: Site) -> None:
    assert site.run("new", member="", etcd_initial_cluster="") == 0, site.said
    assert [sorted(site.happened[at : at + 3]) for at in (0, 3)] == [
        [f"{name} manifest" for name in NAMES],
        [f"{name} wait True" for name in NAMES],
    ]
    assert site.happened[6:] == ["cp1 upload"]
