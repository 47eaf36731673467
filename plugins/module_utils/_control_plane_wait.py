# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From manifests on disk to a control plane that answers: start the kubelet, wait, let the administrator in.

A component is restarted when a file named by its flags is newer than its process: most of them read these only once, and
a kubeconfig's own certificate never again.
"""

from __future__ import annotations

import http.client
import os
import signal
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable
from urllib.parse import urlsplit

from ansible_collections.kubephase.cluster.plugins.module_utils import (
    _https_get,
    _kubelet_health,
    _static_pods_running,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError, KubephaseErrors
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_api import (
    POLL_SECONDS,
    ApiError,
    ApiUnreachable,
    Client,
    connect,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_objects import Applier, Change, summary
from ansible_collections.kubephase.cluster.plugins.module_utils._static_pods_running import Component, Process
from ansible_collections.kubephase.cluster.plugins.module_utils._systemd import Unit

COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kube-csr-signer")
_PROBE_SECONDS = 5.0
# components share their processors with whoever asks them
_ASK_SECONDS = 0.25
# so long check mode goes on to ask what is not well at first: members of etcd may just be electing their leader
_LOOK_SECONDS = 5.0
_LOG_LINES = 12
_CLUSTER_ADMINS = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "kubeadm:cluster-admins"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "kubeadm:cluster-admins"}],
}


@dataclass(frozen=True)
class Awaited:
    """Where things are on this host, and how long each may take, in seconds.

    :param watch: files the kubelet reads at its start; it is restarted when one of them is newer.
    :param start: False leaves the kubelet as it is, False for ``wait`` waits for nothing: phases that are skipped.
    :param administrators: whether there is an API server here in which the administrators' group has its rights.
    """

    manifests: str
    kubelet_config: str
    admin_conf: str
    super_admin_conf: str
    server: str
    advertise_address: str
    watch: Sequence[str]
    kubelet_timeout: float
    component_timeout: float
    api_timeout: float
    start: bool = True
    wait: bool = True
    administrators: bool = True


def ensure(awaited: Awaited, check_mode: bool) -> dict[str, Any]:
    """Start the kubelet and wait; then ensure that the administrators' group has its rights. The result of the module."""
    unit = Unit("kubelet", check_mode)
    done = unit.ensure(enabled=True, state="started", newer_than=awaited.watch) if awaited.start else []
    restarted: list[str] = []
    seen = {"unwell": _unwell(awaited) if awaited.wait else []} if check_mode else {}
    if check_mode and awaited.wait:
        restarted = [component.name for component in _components(awaited) if _outdated(component, _processes())]
    elif awaited.wait:
        _wait_for_kubelet(awaited, unit)
        restarted = _wait_for_components(awaited, unit)
    result = summary([_ensure_cluster_admins(awaited, check_mode)] if awaited.administrators else [])
    did = {**({unit.name: done} if done else {}), **{name: ["restarted"] for name in restarted}}
    result["diff"] = [_diff(name, actions) for name, actions in did.items()] + result["diff"]
    return {**result, "changed": result["changed"] or bool(did), "unit": done, "restarted": restarted, **seen}


def _wait_for_kubelet(awaited: Awaited, unit: Unit) -> None:
    deadline = time.monotonic() + awaited.kubelet_timeout
    while not _kubelet_health.is_healthy(awaited.kubelet_config):
        if time.monotonic() >= deadline:
            address, port = _kubelet_health.health_endpoint(awaited.kubelet_config)
            raise KubephaseError(
                f"not healthy after {awaited.kubelet_timeout:g} seconds at http://{address}:{port}/healthz",
                where="kubelet", hint=_tail("Last lines of its journal", unit.journal()),
            )  # fmt: skip
        time.sleep(POLL_SECONDS)


def _wait_for_components(awaited: Awaited, unit: Unit) -> list[str]:
    """All of them at once, each until it runs as its manifest says and answers that it is well.

    :returns: names of those that were restarted, as files that they had read before are newer.
    """
    deadline = time.monotonic() + awaited.component_timeout
    missing = _components(awaited)
    ended: dict[int, str] = {}
    while True:
        over = time.monotonic() >= deadline
        running = _processes()
        for component in missing:
            _end_outdated(component, running, ended)
        told = _told(partial(_problem, running=running, awaited=awaited), missing)
        if not told:
            return sorted(set(ended.values()))
        if over:
            raise KubephaseErrors(
                [_failure(component, problem, unit) for component, problem in told],
                f"not healthy after {awaited.component_timeout:g} seconds:",
            )
        missing = [component for component, _problem in told]
        time.sleep(_ASK_SECONDS)


def _unwell(awaited: Awaited) -> list[str]:
    """Names of those that do not run as their manifests say, or do not say that they are healthy.

    One that is only older than a file it read is well: it serves until it is restarted. An API server without a manifest
    is not. Nothing is known of a host that has no kubeconfig to ask with.
    """
    if not os.path.exists(awaited.admin_conf):
        return []
    missing = _components(awaited)
    absent = [name for name in COMPONENTS[:1] if name not in [component.name for component in missing]]
    deadline = time.monotonic() + min(_LOOK_SECONDS, awaited.component_timeout)
    while True:
        told = _told(partial(_fault, running=_processes(), awaited=awaited), missing)
        missing = [component for component, _said in told]
        if not missing or time.monotonic() >= deadline:
            return absent + [component.name for component in missing]
        time.sleep(POLL_SECONDS)


def _told(question: Callable[[Component], str], components: Sequence[Component]) -> list[tuple[Component, str]]:
    """Those of the components of which there is something to say, all asked at once."""
    with ThreadPoolExecutor(max_workers=len(COMPONENTS)) as pool:
        return [(component, said) for component, said in zip(components, pool.map(question, components)) if said]


def _components(awaited: Awaited) -> list[Component]:
    found = [_static_pods_running.read(awaited.manifests, name) for name in COMPONENTS]
    return [component for component in found if component]


def _processes() -> list[Process]:
    return _static_pods_running.processes(COMPONENTS)


def _outdated(component: Component, running: Sequence[Process]) -> list[Process]:
    """Its processes that are older than a file they were started from."""
    return [process for process in component.own(running) if component.newer_files(process)]


def _end_outdated(component: Component, running: Sequence[Process], ended: dict[int, str]) -> None:
    """Ask each of them once to end: the kubelet starts a static Pod's container again."""
    for process in _outdated(component, running):
        if process.pid not in ended:
            ended[process.pid] = component.name
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)


def _problem(component: Component, running: Sequence[Process], awaited: Awaited) -> str:
    """What is wrong with it now; empty where nothing is."""
    newer = [component.newer_files(process) for process in component.own(running)]
    if newer and all(newer):
        return f"still runs as it was before {newer[0][0]} was written"
    return _fault(component, running, awaited)


def _fault(component: Component, running: Sequence[Process], awaited: Awaited) -> str:
    """What is wrong with it, whatever the files that it read."""
    own = component.own(running)
    if not own and not component.is_wrapped:
        return "does not run with the arguments of its manifest"
    if own and all(map(component.is_to_be_replaced, own)):
        return "still runs as it was before its manifest was written"
    url = component.health_url(awaited.advertise_address)
    if not url:
        return ""
    if component.name == "kube-apiserver":
        return _probe_apiserver(url, awaited.admin_conf)
    return _probe(url)


def _probe_apiserver(url: str, admin_conf: str) -> str:
    """With the administrator's certificate and TLS verified, as anonymous requests may be forbidden."""
    parts = urlsplit(url)
    try:
        with Client.from_kubeconfig(admin_conf, f"https://{parts.netloc}", _PROBE_SECONDS) as client:
            status, text = client.exchange("GET", parts.path)
    except ApiUnreachable as error:
        return str(error)
    return "" if status == 200 else f"{url} answers {status}: {_last_line(text)}"


def _probe(url: str) -> str:
    """Without verification: its certificate is self-signed, and it is asked for nothing but its health."""
    parts = urlsplit(url)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=_PROBE_SECONDS, context=_https_get.insecure_context()
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_PROBE_SECONDS)
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        return "" if answer.status == 200 else f"{url} answers {answer.status}: {_last_line(text)}"
    except (OSError, http.client.HTTPException) as error:
        return f"{url} does not answer: {error}"
    finally:
        connection.close()


def _failure(component: Component, problem: str, unit: Unit) -> KubephaseError:
    log = component.log_tail(_LOG_LINES)
    hint = (
        _tail("Last lines of its log", log) if log else _tail("It has no log. The kubelet's last lines", unit.journal())
    )
    return KubephaseError(problem, where=component.name, hint=hint)


def _ensure_cluster_admins(awaited: Awaited, check_mode: bool) -> Change:
    """kubeadm:cluster-admins, without which admin.conf may do nothing: written with super-admin.conf where it has to be."""

    def apply(kubeconfig: str) -> Change:
        client = connect(kubeconfig, awaited.server, awaited.api_timeout, check_mode)
        try:
            return Applier(client, check_mode=check_mode, timeout=awaited.api_timeout).apply(_CLUSTER_ADMINS)
        finally:
            if client is not None:
                client.close()

    has_super_admin = os.path.exists(awaited.super_admin_conf)
    if _may_manage(awaited, check_mode, patient=not has_super_admin):
        return apply(awaited.admin_conf)
    if not has_super_admin:
        raise KubephaseError(
            "may not manage the cluster, and the file that could let it is missing", where=awaited.admin_conf,
            value=awaited.super_admin_conf,
            hint="Run this phase on the control plane that has super-admin.conf, or bind the group "
            "kubeadm:cluster-admins to the ClusterRole cluster-admin",
        )  # fmt: skip
    return apply(awaited.super_admin_conf)


def _may_manage(awaited: Awaited, check_mode: bool, patient: bool) -> bool:
    """Whether admin.conf has its rights. On a fresh cluster it does not.

    :param patient: wait for them, as the control plane that has super-admin.conf may be giving them just now.
    """
    client = connect(awaited.admin_conf, awaited.server, awaited.api_timeout, check_mode)
    if client is None:
        return True
    with client:
        deadline = time.monotonic() + awaited.api_timeout
        while True:
            try:
                client.get("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/kubeadm:cluster-admins")
                return True
            except (ApiError, ApiUnreachable) as error:
                forbidden = isinstance(error, ApiError) and error.status == 403
                over = time.monotonic() >= deadline
                if forbidden and (over or not patient):
                    return False
                if over:
                    raise
            time.sleep(POLL_SECONDS)


def _diff(name: str, actions: Sequence[str]) -> dict[str, str]:
    after = "".join(f"{action}\n" for action in actions)
    return {"before_header": name, "after_header": name, "before": "", "after": after}


def _tail(heading: str, text: str) -> str:
    return f"{heading}:\n{text}" if text else ""


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1][:300]
