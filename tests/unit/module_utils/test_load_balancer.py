# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A balancer's tree laid out in a temporary directory, with programs that note how they were called."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._load_balancer import MARK, Balancer, Wanted

HAPROXY = f"# {MARK}\nlisten a\n"
KEEPALIVED = f"# {MARK}\ninterface @INTERFACE@\nauth_pass @PASSWORD@\n"
PACKAGES = ("haproxy", "keepalived")
STATUS = "".join(f"Package: {name}\nStatus: install ok installed\n\n" for name in PACKAGES)
SYSTEMCTL = """
unit=${{2%.service}}
case $1 in
  show) cat "{root}/unit.$unit" ;;
  start|reload|restart)
    now=$({python} -c 'import time; print(time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)')
    sed -i "s/^ActiveState=.*/ActiveState=active/; s/^\\(StateChange[^=]*\\)=.*/\\1=$now/" "{root}/unit.$unit" ;;
  stop) sed -i 's/^ActiveState=.*/ActiveState=inactive/' "{root}/unit.$unit" ;;
  enable) sed -i 's/^UnitFileState=.*/UnitFileState=enabled/' "{root}/unit.$unit" ;;
  disable) sed -i 's/^UnitFileState=.*/UnitFileState=disabled/' "{root}/unit.$unit" ;;
esac
[ $1 = show ] || echo "$1 $unit" >> "{root}/done"
"""
UNIT = (
    "LoadState=loaded\nActiveState={active}\nUnitFileState=enabled\nNeedDaemonReload=no\n"
    "ExecMainStartTimestampMonotonic=1\nStateChangeTimestampMonotonic=1\n"
)


class Machine:
    """The host, where both programs run already as their packages have started them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "bin").mkdir()
        self.program("systemctl", SYSTEMCTL.format(root=root, python=sys.executable))
        self.program("haproxy", f'cat "$3" > {root}/judged.haproxy')
        self.program("keepalived", f'cat "${{2#--use-file=}}" > {root}/judged.keepalived')
        self.write("var/lib/dpkg/status", STATUS)
        for name in PACKAGES:
            self.unit(name)

    def unit(self, name: str, active: str = "active") -> None:
        """One that was started long ago."""
        self.write(f"unit.{name}", UNIT.format(active=active))

    def write(self, path: str, text: str) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def program(self, name: str, script: str) -> None:
        self.write(f"bin/{name}", f"#!/bin/bash\n{script}\n").chmod(0o755)

    def read(self, path: str) -> str:
        place = self.root / path
        return place.read_text() if place.exists() else ""

    def balancer(self, check_mode: bool = False) -> Balancer:
        return Balancer(check_mode, str(self.root), lambda: [("lo", "127.0.0.1"), ("eth9", "192.0.2.5")])

    def apply(self, check_mode: bool = False, **changed: Any) -> dict[str, Any]:
        wanted = {
            "haproxy": HAPROXY,
            "keepalived": KEEPALIVED,
            "check": "#!/bin/bash\n",
            "address": "192.0.2.5",
            "password": "hushhush",
            "packages": PACKAGES,
            **changed,
        }
        return self.balancer(check_mode).apply(Wanted(**wanted))

    @property
    def done(self) -> list[str]:
        return self.read("done").splitlines()

    def files(self) -> set[str]:
        return {str(path.relative_to(self.root)) for top in ("etc", "usr") for path in (self.root / top).rglob("*.*")}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return Machine(tmp_path)


def test_both_get_their_configuration(machine: Machine) -> None:
    result = machine.apply()
    assert result["changed"] and result["units"] == {"haproxy": ["reloaded"], "keepalived": ["reloaded"]}
    assert machine.read("etc/haproxy/haproxy.cfg") == HAPROXY
    assert machine.read("etc/keepalived/keepalived.conf") == f"# {MARK}\ninterface eth9\nauth_pass hushhush\n"
    assert (machine.root / "etc/keepalived/keepalived.conf").stat().st_mode & 0o777 == 0o600
    assert (machine.root / "usr/libexec/keepalived/kubephase-check").stat().st_mode & 0o777 == 0o755


def test_a_second_time_nothing_changes(machine: Machine) -> None:
    machine.apply()
    before = machine.done
    assert machine.apply() == {"changed": False, "diff": [], "missing_packages": [], "units": {}}
    assert not machine.apply(check_mode=True)["changed"]
    assert machine.done == before


def test_a_run_that_died_before_the_reload_is_healed(machine: Machine) -> None:
    machine.apply()
    machine.unit("haproxy")
    assert machine.apply()["units"] == {"haproxy": ["reloaded"]}
    assert machine.apply()["units"] == {}


def test_one_that_does_not_run_is_started(machine: Machine) -> None:
    machine.apply()
    machine.unit("haproxy", "failed")
    assert machine.apply()["units"] == {"haproxy": ["started"]}


def test_check_mode_only_tells(machine: Machine) -> None:
    result = machine.apply(check_mode=True)
    assert result["changed"] and result["units"] == {"haproxy": ["reloaded"], "keepalived": ["reloaded"]}
    assert machine.files() == set() and machine.done == []


@pytest.mark.parametrize("check_mode", [False, True])
def test_without_the_packages_nothing_is_done(machine: Machine, check_mode: bool) -> None:
    machine.write("var/lib/dpkg/status", "")
    result = machine.apply(check_mode)
    assert result["missing_packages"] == list(PACKAGES)
    assert result["changed"] is check_mode
    told = [entry["before_header"] for entry in result["diff"]]
    assert told[:2] == (["package haproxy", "package keepalived"] if check_mode else [])
    assert machine.files() == set() and machine.done == [] and machine.read("judged.haproxy") == ""


def test_the_password_is_not_shown(machine: Machine) -> None:
    assert "hushhush" not in str(machine.apply())
    shown = machine.apply(password="changed1")["diff"]
    assert "changed1" not in str(shown) and "hushhush" not in str(shown) and len(shown) == 1


def test_what_haproxy_does_not_accept_never_goes_live(machine: Machine) -> None:
    machine.apply()
    machine.program("haproxy", "echo \"[ALERT] parsing [$3:2]: unknown keyword 'lisden'\" >&2; exit 1")
    with pytest.raises(KubephaseError) as raised:
        machine.apply(haproxy=HAPROXY.replace("listen", "lisden"))
    assert "/etc/haproxy/haproxy.cfg: haproxy does not accept" in str(raised.value)
    assert "[/etc/haproxy/haproxy.cfg:2]: unknown keyword 'lisden'" in str(raised.value)
    assert machine.read("etc/haproxy/haproxy.cfg") == HAPROXY


def test_what_keepalived_does_not_accept_never_goes_live(machine: Machine) -> None:
    machine.program("keepalived", "echo unknown 'hushhush'; exit 5")
    with pytest.raises(KubephaseError, match="keepalived does not accept") as raised:
        machine.apply()
    assert "hushhush" not in str(raised.value)
    assert machine.read("etc/keepalived/keepalived.conf") == ""


@pytest.mark.parametrize(("said", "accepted"), [("", True), ("Unknown keyword", False)])
def test_a_keepalived_that_ends_its_own_test(machine: Machine, said: str, accepted: bool) -> None:
    machine.program("keepalived", f"printf '{said}'; kill -TERM $$")
    if accepted:
        assert machine.apply()["changed"]
    else:
        with pytest.raises(KubephaseError, match="does not accept .*Unknown keyword"):
            machine.apply()


def test_check_mode_asks_the_programs_too(machine: Machine) -> None:
    machine.program("haproxy", "exit 1")
    with pytest.raises(KubephaseError):
        machine.apply(check_mode=True)


def test_the_authority_is_judged_before_it_is_there(machine: Machine) -> None:
    text = HAPROXY + "ca-file /etc/haproxy/kubernetes-ca.crt\n"
    machine.program("haproxy", f"grep -q PEM $(sed -n 's/ca-file //p' $3) && cat $3 > {machine.root}/judged")
    machine.apply(haproxy=text, authority="PEM\n")
    assert machine.read("etc/haproxy/kubernetes-ca.crt") == "PEM\n"
    assert "/etc/haproxy" not in machine.read("judged")
    machine.program("haproxy", "")
    assert machine.apply()["units"] == {"haproxy": ["reloaded"]}
    assert "etc/haproxy/kubernetes-ca.crt" not in machine.files()


def test_what_was_there_before_is_kept_once_and_comes_back(machine: Machine) -> None:
    machine.write("etc/haproxy/haproxy.cfg", "listen mine\n")
    machine.apply()
    machine.apply(haproxy=HAPROXY + "more\n")
    machine.write("etc/haproxy/haproxy.cfg", "listen later\n")
    machine.apply(haproxy=HAPROXY + "more\n")
    assert machine.read("etc/haproxy/haproxy.cfg.before-kubephase") == "listen mine\n"
    planned = machine.balancer(check_mode=True).remove()
    assert planned["changed"] and machine.read("etc/haproxy/haproxy.cfg") == HAPROXY + "more\n"
    result = machine.balancer().remove()
    assert result["units"] == {"haproxy": ["restarted"], "keepalived": ["disabled", "stopped"]}
    assert machine.read("etc/haproxy/haproxy.cfg") == "listen mine\n"
    assert machine.files() == {"etc/haproxy/haproxy.cfg"}
    assert machine.balancer().remove() == {"changed": False, "diff": [], "missing_packages": [], "units": {}}


def test_what_somebody_else_wrote_is_left_alone(machine: Machine) -> None:
    machine.write("etc/haproxy/haproxy.cfg", "listen mine\n")
    machine.write("etc/keepalived/keepalived.conf", "vrrp_instance mine\n")
    assert not machine.balancer().remove()["changed"]
    machine.apply(keepalived="")
    assert machine.read("etc/keepalived/keepalived.conf") == "vrrp_instance mine\n"
    assert machine.done == ["reload haproxy"]


def test_an_address_that_is_held_no_more(machine: Machine) -> None:
    machine.apply()
    result = machine.apply(keepalived="")
    assert result["units"] == {"keepalived": ["disabled", "stopped"]}
    assert machine.files() == {"etc/haproxy/haproxy.cfg"}


def test_no_interface_has_the_address(machine: Machine) -> None:
    with pytest.raises(
        KubephaseError, match=r"load_balancer_members: no interface .*got '192.0.2.7'; accepted: 192.0.2.5"
    ):
        machine.apply(address="192.0.2.7")
    assert machine.apply(address="192.0.2.7", keepalived=KEEPALIVED.replace("@INTERFACE@", "eth1"))["changed"]


@pytest.mark.parametrize("password", ["123456789", "a b", "a#b", 'a"b', "a\n"])
def test_a_password_that_cannot_be_one(machine: Machine, password: str) -> None:
    with pytest.raises(KubephaseError, match=r"load_balancer_vrrp_password: .*got '\d characters'"):
        machine.apply(password=password)


def test_selinux_lets_haproxy_connect(machine: Machine) -> None:
    switch = machine.write("sys/fs/selinux/booleans/haproxy_connect_any", "0 0")
    machine.program("setsebool", f'[ "$*" = "-P haproxy_connect_any on" ] && printf "1 1" > {switch}')
    assert machine.apply(check_mode=True)["diff"][0]["before_header"] == "SELinux haproxy_connect_any"
    assert switch.read_text() == "0 0"
    machine.apply()
    assert switch.read_text() == "1 1"
    assert not machine.apply()["changed"]
    switch.write_text("0 0")
    machine.program("setsebool", "echo no policy >&2; exit 1")
    with pytest.raises(KubephaseError, match="haproxy_connect_any: cannot be set: no policy"):
        machine.apply()


def test_a_mode_made_by_hand_is_mended(machine: Machine) -> None:
    machine.apply()
    (machine.root / "etc/keepalived/keepalived.conf").chmod(0o644)
    shown = machine.apply()["diff"]
    assert [(entry["before"], entry["after"]) for entry in shown] == [("mode 0644\n", "mode 0600\n")]
    assert machine.apply()["diff"] == []


def test_what_somebody_else_wrote_is_not_shown(machine: Machine) -> None:
    machine.write("etc/haproxy/haproxy.cfg", "stats auth admin:secret\n")
    machine.write("etc/keepalived/keepalived.conf", 'auth_pass "my secret"\n')
    for check_mode in (True, False):
        shown = str(machine.apply(check_mode)["diff"])
        assert "secret" not in shown and "somebody else's, 24 bytes" in shown
    shown = str(machine.balancer().remove()["diff"])
    assert "secret" not in shown and "somebody else's, 24 bytes" in shown


def test_a_password_with_a_blank_is_hidden_whole(machine: Machine) -> None:
    machine.write("etc/keepalived/keepalived.conf", f'# {MARK}\nauth_pass "my secret"\n')
    assert "secret" not in str(machine.apply()["diff"])


def test_a_configuration_that_nobody_used_is_not_started(machine: Machine) -> None:
    machine.write("etc/haproxy/haproxy.cfg", "listen mine\n")
    machine.unit("haproxy", "inactive")
    machine.apply()
    assert machine.balancer().remove()["units"]["haproxy"] == ["disabled", "stopped"]
    assert machine.files() == {"etc/haproxy/haproxy.cfg"}


def test_the_packages_own_example_is_not_started(machine: Machine) -> None:
    text = "listen example\n"
    conffile = (
        f"Conffiles:\n /etc/haproxy/haproxy.cfg {hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}\n"
    )
    machine.write("var/lib/dpkg/status", STATUS + conffile)
    machine.write("etc/haproxy/haproxy.cfg", text)
    machine.apply()
    assert machine.balancer().remove()["units"]["haproxy"] == ["disabled", "stopped"]
    assert machine.read("etc/haproxy/haproxy.cfg") == text


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("dies_at", range(1, 6))
def test_a_removal_that_died_is_finished(
    machine: Machine, own: bool, dies_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if own:
        machine.write("etc/haproxy/haproxy.cfg", "listen mine\n")
    machine.apply(authority="PEM\n")
    (machine.root / "done").unlink()
    left = [dies_at]

    def dying(real: Any) -> Any:
        def act(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
            return real(*arguments, **named)

        return act

    with monkeypatch.context() as patch:
        for name in ("unlink", "rename"):
            patch.setattr(os, name, dying(getattr(os, name)))
        with contextlib.suppress(KeyboardInterrupt):
            machine.balancer().remove()
    machine.balancer().remove()
    assert {path for path in machine.files() if not path.endswith(".new")} == (
        {"etc/haproxy/haproxy.cfg"} if own else set()
    )
    assert machine.done[-1] == ("restart haproxy" if own else "stop haproxy")
    assert not machine.balancer().remove()["changed"]


def test_the_boolean_that_stays_is_told(machine: Machine) -> None:
    machine.write("sys/fs/selinux/booleans/haproxy_connect_any", "1 1")
    machine.apply()
    assert "haproxy_connect_any stays on" in machine.balancer().remove()["warnings"][0]
    assert "warnings" not in machine.balancer().remove()
