# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pulling a list of images as kubeadm does: by policy, one after the other or all at once, five attempts each."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

from ansible_collections.kubephase.cluster.plugins.module_utils._cri.client import CriClient, pulled, socket_path
from ansible_collections.kubephase.cluster.plugins.module_utils._cri.grpc import Call, CriError
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError

POLICIES = ("IfNotPresent", "Always", "Never")
ATTEMPTS = 5
# seconds before the second and every later attempt; a registry that has just restarted needs a moment
DELAYS = (0.2, 0.5, 1.0, 2.0)


class PullResult:
    """What pulling a list of images came to."""

    def __init__(self) -> None:
        self.pulled: list[str] = []
        self.present: list[str] = []
        self.errors: dict[str, CriError] = {}

    def raise_errors(self) -> None:
        """Raise one error that names every image that could not be pulled."""
        if self.errors:
            raise KubephaseError(
                "; ".join(describe(image, error) for image, error in self.errors.items()),
                hint="Check that the host reaches the registry or its mirror, and that repository and tag are right",
            )


class _Pull:
    """One image on its way."""

    def __init__(self, image: str) -> None:
        self.image = image
        self.call: Call | None = None
        self.attempts = 0
        self.not_before = 0.0


def describe(image: str, error: CriError) -> str:
    """One line on an image that could not be pulled."""
    return f"{image} could not be pulled in {ATTEMPTS} attempts: {error.message} ({error.code})"


def missing_images(client: CriClient, images: Sequence[str]) -> list[str]:
    """The images that are not in the runtime's store, in the order given."""
    return [image for image in dict.fromkeys(images) if client.image_status(image) is None]


def pull_images(
    client: CriClient, images: Sequence[str], policy: str = "IfNotPresent", serial: bool = True
) -> PullResult:
    """Pull ``images`` over the client's one connection; an image that cannot be pulled does not stop the others.

    ``pulled`` holds those whose image is another one than before, so a second ``Always`` changes nothing.
    """
    result = PullResult()
    wanted = list(dict.fromkeys(images))
    before = {image: client.image_status(image) for image in wanted}
    if policy == "Never":
        result.present = [image for image in wanted if before[image]]
        return result
    if policy == "IfNotPresent":
        result.present = [image for image in wanted if before[image]]
        wanted = [image for image in wanted if not before[image]]
    _drive(client, wanted, 1 if serial else len(wanted), result)
    for image in wanted:
        if image in result.errors:
            continue
        found, old = client.image_status(image), before[image]
        same = found is not None and old is not None and found.id == old.id
        (result.present if same else result.pulled).append(image)
    return result


def _drive(client: CriClient, images: list[str], width: int, result: PullResult) -> None:
    waiting = [_Pull(image) for image in images]
    running: set[_Pull] = set()
    while waiting or running:
        now = time.monotonic()
        for pull in list(waiting):
            if len(running) < width and pull.not_before <= now:
                pull.call = client.begin_pull(pull.image)
                pull.attempts += 1
                waiting.remove(pull)
                running.add(pull)
            elif width == 1:
                break
        until = min((pull.not_before for pull in waiting), default=None) if len(running) < width else None
        if running:
            client.channel.wait([pull.call for pull in running if pull.call], until)
        elif until is not None:
            time.sleep(max(until - now, 0))
        for pull in list(running):
            if pull.call is None or not pull.call.stream.closed:
                continue
            running.remove(pull)
            try:
                pulled(client.channel, pull.call)
            except CriError as error:
                if pull.attempts >= ATTEMPTS:
                    result.errors[pull.image] = error
                    continue
                pull.not_before = time.monotonic() + DELAYS[pull.attempts - 1]
                waiting.insert(0, pull)


def ensure_images(
    cri_socket: str, images: Sequence[str], policy: str, serial: bool, check_mode: bool
) -> dict[str, Any]:
    """The whole job of the module: pull, or in check mode say what would be pulled."""
    if check_mode and not os.path.exists(socket_path(cri_socket)):
        # the container runtime is not installed yet
        wanted = [] if policy == "Never" else list(dict.fromkeys(images))
        return _result(wanted, [])
    with CriClient(cri_socket) as client:
        if check_mode:
            missing = missing_images(client, images)
            present = [image for image in dict.fromkeys(images) if image not in missing]
            pull = [] if policy == "Never" else missing
            return _result(pull, present)
        result = pull_images(client, images, policy, serial)
    result.raise_errors()
    return _result(result.pulled, result.present)


def images_diff(pulled: Sequence[str]) -> dict[str, str]:
    """The difference that pulling makes to the runtime's store."""
    return {"before": "", "after": "".join(f"{image}\n" for image in pulled), "after_header": "images of the runtime"}


def _result(pulled: list[str], present: list[str]) -> dict[str, Any]:
    diff = {"diff": images_diff(pulled)} if pulled else {}
    return {"changed": bool(pulled), "pulled_images": pulled, "present_images": present, **diff}
