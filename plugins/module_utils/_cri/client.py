# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of CRI (runtime.v1) that preparing a host needs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from ansible_collections.kubephase.cluster.plugins.module_utils._cri import wire
from ansible_collections.kubephase.cluster.plugins.module_utils._cri.grpc import Call, Channel, CriError

RUNTIME = "runtime.v1.RuntimeService/"
IMAGES = "runtime.v1.ImageService/"

# kubeadm waits 2 s, which a busy host does not always keep
CALL_TIMEOUT = 10.0


class Condition(NamedTuple):
    """A condition of the runtime."""

    type: str
    status: bool
    reason: str
    message: str


class Status(NamedTuple):
    """What the runtime says of itself."""

    conditions: list[Condition]
    info: dict[str, str]

    @property
    def sandbox_image(self) -> str:
        """The runtime's sandbox (pause) image, empty where the runtime does not tell."""
        try:
            config = json.loads(self.info.get("config", "{}"))
        except ValueError:
            return ""
        found = config.get("sandboxImage", "") if isinstance(config, dict) else ""
        return found if isinstance(found, str) else ""


class Version(NamedTuple):
    """Name and version of the runtime."""

    runtime_name: str
    runtime_version: str
    runtime_api_version: str


class Image(NamedTuple):
    """An image in the runtime's store."""

    id: str
    tags: list[str]
    digests: list[str]
    size: int
    pinned: bool


class Sandbox(NamedTuple):
    """A Pod as the runtime has it."""

    id: str
    namespace: str
    name: str
    annotations: dict[str, str]


# enum PodSandboxState
_SANDBOX_READY = 0
_AT_A_TIME = 10


class CriClient:
    """A connection to a container runtime.

    :param endpoint: ``unix:///path`` or a path.
    """

    def __init__(self, endpoint: str, timeout: float = CALL_TIMEOUT) -> None:
        self.path = socket_path(endpoint)
        self.timeout = timeout
        self.channel = Channel(self.path, timeout)

    def __enter__(self) -> CriClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self.channel.close()

    def version(self) -> Version:
        """Name and version of the runtime."""
        fields = self._call(RUNTIME + "Version")
        return Version(wire.text(fields, 2), wire.text(fields, 3), wire.text(fields, 4))

    def status(self, verbose: bool = False) -> Status:
        """The runtime's conditions; ``verbose`` also asks for the info map."""
        fields = self._call(RUNTIME + "Status", wire.encode([(1, verbose)]))
        conditions = [
            Condition(wire.text(one, 1), bool(wire.integer(one, 2)), wire.text(one, 3), wire.text(one, 4))
            for one in wire.messages(wire.message(fields, 1), 1)
        ]
        return Status(conditions, wire.text_map(fields, 2))

    def cgroup_driver(self) -> str:
        """The runtime's cgroup driver: systemd, cgroupfs, or empty where it does not tell (RuntimeConfig)."""
        fields = self._call(RUNTIME + "RuntimeConfig")
        if 1 not in fields:
            return ""
        return "cgroupfs" if wire.integer(wire.message(fields, 1), 1) == 1 else "systemd"

    def image_status(self, image: str) -> Image | None:
        """An image of the store, or None where it is not there."""
        fields = self._call(IMAGES + "ImageStatus", _spec(image))
        return _image(wire.message(fields, 1)) if 1 in fields else None

    def list_images(self) -> list[Image]:
        """Every image of the store."""
        return [_image(one) for one in wire.messages(self._call(IMAGES + "ListImages"), 1)]

    def pull_image(self, image: str) -> str:
        """Pull an image, however long it takes; returns the runtime's reference to it."""
        return pulled(self.channel, self._finish(self.begin_pull(image)))

    def begin_pull(self, image: str) -> Call:
        """Start a pull and do not wait for it."""
        return self.channel.begin(IMAGES + "PullImage", _spec(image), None)

    def ready_sandboxes(self) -> list[str]:
        """IDs of the Pod sandboxes that run."""
        listed = wire.messages(self._call(RUNTIME + "ListPodSandbox"), 1)
        return [wire.text(one, 1) for one in listed if wire.integer(one, 3) == _SANDBOX_READY]

    def sandboxes(self) -> list[Sandbox]:
        """All Pod sandboxes, running or not."""
        return [_sandbox(one) for one in wire.messages(self._call(RUNTIME + "ListPodSandbox"), 1)]

    def sandbox_address(self, sandbox: str) -> str:
        """The first address of a sandbox; empty on the host's network."""
        status = wire.message(self._call(RUNTIME + "PodSandboxStatus", wire.encode([(1, sandbox)])), 1)
        return wire.text(wire.message(status, 5), 1) if 5 in status else ""

    def stop_sandbox(self, sandbox: str) -> None:
        """End a sandbox and its containers; the kubelet makes a new one for a Pod that is still wanted."""
        self._call(RUNTIME + "StopPodSandbox", wire.encode([(1, sandbox)]))

    def stop_sandboxes(self, ids: Sequence[str], timeout: float) -> dict[str, CriError]:
        """End several at once. Returns what went wrong, by ID."""
        return self._each("StopPodSandbox", ids, timeout)

    def remove_sandboxes(self, ids: Sequence[str], timeout: float) -> dict[str, CriError]:
        """Remove several at once, with their containers. Returns what went wrong, by ID."""
        return self._each("RemovePodSandbox", ids, timeout)

    def namespaces(self) -> list[str]:
        """containerd's own namespaces; CRI's is k8s.io. Empty where the runtime is another one."""
        try:
            fields = self._call("containerd.services.namespaces.v1.Namespaces/List")
        except CriError as error:
            if error.code == "UNIMPLEMENTED":
                return []
            raise
        return [wire.text(one, 1) for one in wire.messages(fields, 1)]

    def _each(self, method: str, ids: Sequence[str], timeout: float) -> dict[str, CriError]:
        failures: dict[str, CriError] = {}
        for start in range(0, len(ids), _AT_A_TIME):
            calls = {
                one: self.channel.begin(RUNTIME + method, wire.encode([(1, one)]), timeout)
                for one in ids[start : start + _AT_A_TIME]
            }
            for one, call in calls.items():
                try:
                    self.channel.result(self._finish(call))
                except CriError as error:
                    if error.code == "UNAVAILABLE":
                        raise
                    failures[one] = error
        return failures

    def _finish(self, call: Call) -> Call:
        while not call.stream.closed:
            self.channel.wait([call])
        return call

    def _call(self, method: str, message: bytes = b"") -> wire.Fields:
        return _decode(self.path, method, self.channel.call(method, message, self.timeout))


def pulled(channel: Channel, call: Call) -> str:
    """The reference that a finished pull returned."""
    return wire.text(_decode(channel.path, call.method, channel.result(call)), 1)


def socket_path(endpoint: str) -> str:
    """The path of a CRI endpoint."""
    return endpoint[len("unix://") :] if endpoint.startswith("unix://") else endpoint


def _spec(image: str) -> bytes:
    return wire.encode([(1, wire.encode([(1, image)]))])


def _sandbox(fields: wire.Fields) -> Sandbox:
    metadata = wire.message(fields, 2)
    return Sandbox(wire.text(fields, 1), wire.text(metadata, 3), wire.text(metadata, 1), wire.text_map(fields, 6))


def _image(fields: wire.Fields) -> Image:
    return Image(
        wire.text(fields, 1),
        wire.texts(fields, 2),
        wire.texts(fields, 3),
        wire.integer(fields, 4),
        bool(wire.integer(fields, 8)),
    )


def _decode(path: str, method: str, message: bytes) -> wire.Fields:
    try:
        return wire.decode(message)
    except wire.WireError as error:
        raise CriError("INTERNAL", f"{method}: {error}", where=path) from error
