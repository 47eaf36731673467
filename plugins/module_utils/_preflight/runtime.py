# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the container runtime, and the pull of the images as kubeadm's last check. All over one connection."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ansible_collections.kubephase.cluster.plugins.module_utils._cri.client import CriClient, socket_path
from ansible_collections.kubephase.cluster.plugins.module_utils._cri.grpc import CriError
from ansible_collections.kubephase.cluster.plugins.module_utils._cri.pull import (
    POLICIES,
    describe,
    missing_images,
    pull_images,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.findings import (
    Finding,
    error,
    skipped,
    warning,
)
from ansible_collections.kubephase.cluster.plugins.module_utils._preflight.host import Host


class Runtime:
    """The container runtime, dialled when the first check wants it."""

    def __init__(self, host: Host, endpoint: str) -> None:
        self.host = host
        self.endpoint = endpoint
        self._client: CriClient | None = None
        self._failure: CriError | None = None
        self.missing: list[str] = []
        self.pulled: list[str] = []

    def close(self) -> None:
        """Close the connection if there is one."""
        if self._client is not None:
            self._client.close()

    def ready(self, minor: int) -> Iterator[Finding]:
        """CRI: does the runtime answer, and is it ready?"""
        if self._not_yet():
            yield skipped("the container runtime")
            return
        try:
            status = self._connect().status()
        except CriError as failure:
            # kubeadm 1.34 goes on without a runtime and fails when it pulls images
            level = warning if minor < 35 and failure is self._failure else error
            yield level(_explain(failure))
            return
        for condition in status.conditions:
            if condition.type == "RuntimeReady" and not condition.status:
                yield error(f"the container runtime is not ready: {condition.reason} {condition.message}".rstrip())

    def config(self) -> Iterator[Finding]:
        """ContainerRuntimeVersion: can the runtime tell its cgroup driver?"""
        if self._not_yet():
            yield skipped("the container runtime")
            return
        try:
            self._connect().cgroup_driver()
        except CriError as failure:
            if failure.code == "UNIMPLEMENTED":
                yield warning(
                    "the container runtime has no RuntimeConfig call, which a later kubelet requires: "
                    "update it (containerd 2.0 or newer)"
                )
            else:
                yield error(_explain(failure))

    def images(self, images: list[str], pause: str, policy: str, serial: bool) -> Iterator[Finding]:
        """ImagePull: pull what is missing, as the policy says; in check mode only look."""
        if policy not in POLICIES:
            yield error(f"imagePullPolicy {policy!r} is none of {', '.join(POLICIES)}")
            return
        if self._not_yet():
            self.missing = list(dict.fromkeys(images))
            yield skipped("the images of the container runtime")
            return
        try:
            client = self._connect()
            self.missing = missing_images(client, images)
            if policy == "Never":
                return
            sandbox = client.status(verbose=True).sandbox_image
            if pause and sandbox and sandbox != pause:
                yield warning(
                    f"the container runtime's sandbox image is {sandbox}; set it to {pause}, the one of this Kubernetes"
                )
            if not self.host.check_mode:
                result = pull_images(client, images, policy, serial)
                self.pulled = result.pulled
                self.missing = [image for image in self.missing if image in result.errors]
                for image, failure in result.errors.items():
                    yield error(f"{describe(image, failure)}: check the registry, its mirror, repository and tag")
        except CriError as failure:
            yield error(_explain(failure))

    def look(self, images: list[str]) -> None:
        """Note which images are missing; a runtime that does not answer has none."""
        try:
            self.missing = missing_images(self._connect(), images)
        except CriError:
            self.missing = list(dict.fromkeys(images))

    def _connect(self) -> CriClient:
        if self._failure is not None:
            raise self._failure
        if self._client is None:
            try:
                self._client = CriClient(self.endpoint)
            except CriError as failure:
                self._failure = failure
                raise
        return self._client

    def _not_yet(self) -> bool:
        return self.host.check_mode and not os.path.exists(socket_path(self.endpoint))


def _explain(failure: CriError) -> str:
    if failure.code == "UNIMPLEMENTED":
        return f"{failure}: its CRI plugin is off; take 'cri' out of disabled_plugins in containerd's config.toml"
    return str(failure)
