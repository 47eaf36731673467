# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations and kubeadm's own verdict on them, one for each line of ``verdicts.jsonl``.

A row is the value of one field (``kind`` and ``path``), or a whole file (kind ``File``), and the minor versions whose
kubeadm refuses it. ``{minor}`` is replaced. ``record_verdicts.py`` asks each kubeadm and writes the answers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

VERDICTS = Path(__file__).with_name("verdicts.jsonl")
MINORS = (34, 35, 36, 37)
PIN = "sha256:" + "0" * 64
TOKEN = "abcdef.0123456789abcdef"
KUBEADM = "kubeadm.k8s.io/v1beta4"
GROUPS = {"Kubelet": "kubelet.config.k8s.io/v1beta1", "KubeProxy": "kubeproxy.config.k8s.io/v1alpha1"}
BASES: dict[str, dict[str, Any]] = {
    "Init": {"localAPIEndpoint": {"advertiseAddress": "192.0.2.10"}, "nodeRegistration": {"name": "cp1"}},
    "Join": {
        "nodeRegistration": {"name": "w1"},
        "discovery": {
            "bootstrapToken": {"apiServerEndpoint": "192.0.2.10:6443", "token": TOKEN, "caCertHashes": [PIN]},
        },
    },
}
"""What kubeadm wants beside the field."""


@dataclass
class Row:
    kind: str
    path: str
    value: Any
    refused: list[int]

    @property
    def subject(self) -> str:
        return f"{self.kind}Configuration {self.path}" if self.kind != "File" else "whole files"

    @property
    def name(self) -> str:
        return f"{self.subject} = {json.dumps(self.value)}" if self.kind != "File" else self.path

    def text(self, minor: int) -> str:
        """The row as a file."""
        value = self.value.replace("{minor}", str(minor)) if isinstance(self.value, str) else self.value
        if self.kind == "File":
            return str(value)
        found = [(self.kind, _with(BASES.get(self.kind, {}), self.path.split("."), value))]
        if self.kind in ("Cluster", "Kubelet", "KubeProxy"):
            found.append(("Init", BASES["Init"]))
        if self.kind in ("Init", "Kubelet", "KubeProxy"):
            found.append(("Cluster", {}))
        texts = []
        for kind, body in found:
            if kind == "Cluster" and self.path != "kubernetesVersion":
                body = {"kubernetesVersion": f"v1.{minor}.0", **body}
            head = {"apiVersion": GROUPS.get(kind, KUBEADM), "kind": f"{kind}Configuration"}
            texts.append(yaml.safe_dump({**head, **body}, width=999))
        return "---\n".join(texts)


def rows() -> list[Row]:
    return [Row(**json.loads(line)) for line in VERDICTS.read_text().splitlines()]


def _with(base: dict[str, Any], steps: list[str], value: Any) -> dict[str, Any]:
    step, *rest = steps
    inner = base.get(step)
    return {**base, step: _with(inner if isinstance(inner, dict) else {}, rest, value) if rest else value}
