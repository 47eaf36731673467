# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations that were made to cost time or memory are answered in little of both.

Each runs in a process of its own, which is killed where it takes more than it may.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
SECONDS = 4
"""Processor time, the interpreter's start included."""
MEMORY = 256 * 1024 * 1024
"""What a configuration may take beyond what the interpreter has when it begins."""

PROGRAM = """
import resource, sys
from ansible_collections.kubephase.cluster.plugins.module_utils._config.resolving import resolve
from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
import yaml, cryptography
host = {{"hostname": "cp1", "default_ipv4": "192.0.2.10", "member": ""}}
head = b"apiVersion: kubeadm.k8s.io/v1beta4\\nkind: ClusterConfiguration\\n"
def nested(depth, value=0):
    for _ in range(depth):
        value = [value]
    return value
def aliases(n):
    return b"a%d: &a%d [%s]\\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9) if n else b"x")
def merges(n):
    return b"m%d: &m%d {{k%d: 1%s}}\\n" % (n, n, n, b", <<: [*m%d, *m%d]" % (n - 1, n - 1) if n else b"")
def cyclic():
    found = {{}}
    found["a"] = found
    return found
text, inputs = {expression}
inputs = dict(inputs, **({{}} if text is None else {{"config_file": "f"}}))
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + {memory},) * 2)
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
try:
    resolve(inputs, host, text)
    print("resolved")
except KubephaseError as error:
    assert error.errors[0].where if hasattr(error, "errors") else error.where
    assert len(str(error)) < 100_000
    print("refused:", str(error)[:300])
"""

BOMBS = {
    "aliases of aliases": "head + b''.join(aliases(n) for n in range(30)), {}",
    "a merge of merges": "head + b''.join(merges(n) for n in range(30)), {}",
    "an alias to what is around it": r"head + b'a: &a [*a, *a]\n', {}",
    "ten megabytes": "head + b'clusterName: ' + b'a' * 10_000_000, {}",
    "a megabyte of one word": "head + b'clusterName: ' + b'a' * 1_000_000, {}",
    "a megabyte of fields": r"head + b''.join(b'a%d: 1\n' % n for n in range(90_000)), {}",
    "many unknown fields": r"head + b''.join(b'a%d: 1\n' % n for n in range(24_000)), {}",
    "one field many times": r"head + b'a: 1\n' * 24_000, {}",
    "many wrong items": r"head + b'apiServer: {certSANs: [' + b'a_b, ' * 40_000 + b']}', {}",
    "many documents": r"b'---\n' * 200_000 + head, {}",
    "many documents of one kind": r"(head + b'---\n') * 6_000, {}",
    "deep flow": "head + b'a: ' + b'[' * 500_000, {}",
    "deep mappings": "head + b'a: ' + b'{a: ' * 200_000, {}",
    "deep blocks": r"head + b''.join(b' ' * n + b'a:\n' for n in range(1000)), {}",
    "a long comment": "head + b'#' * 1_000_000, {}",
    "an open quote": r"head + b'a: \"' + b'\\' * 900_000, {}",
    "a huge number": "head + b'a: ' + b'9' * 900_000, {}",
    "a huge exponent": "head + b'certificateValidityPeriod: 1e999999999h', {}",
    "a huge literal": r"head + b'clusterName: |\n' + b'  a\n' * 250_000, {}",
    "percent signs": "head + b'etcd: {external: {endpoints: [\"https://' + b'%41' * 300_000 + b'\"]}}', {}",
    "many dots": "head + b'controlPlaneEndpoint: ' + b'a.' * 400_000, {}",
    "many commas": "head + b'networking: {podSubnet: \"' + b'10.0.0.0/8,' * 80_000 + b'\"}', {}",
    "a repository of separators": "head + b'imageRepository: ' + b'a-' * 400_000, {}",
    "a long duration": "head + b'certificateValidityPeriod: ' + b'1h' * 400_000, {}",
    "a deep variable": "None, {'cluster_configuration': {'dns': nested(100_000)}}",
    "a variable that holds itself": "None, {'cluster_configuration': cyclic()}",
    "a large variable": "None, {'cluster_configuration': {'apiServer': {'certSANs': ['a_b'] * 2_000_000}}}",
    "a long variable": "None, {'cluster_name': 'a' * 10_000_000}",
    "a large number": "None, {'kubelet_configuration': {'maxPods': 10 ** 100_000}}",
    "many variables": "None, {'a%d' % n: 1 for n in range(100_000)}",
    "many labels": "None, {'node_labels': {'a%d' % n: 'b' * 50 for n in range(15_000)}}",
    "labels of one letter": "None, {'node_labels': {'a' * 800_000: 'b' * 100_000}}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_was_made_to_cost_is_cheap(name: str) -> None:
    program = PROGRAM.format(expression=BOMBS[name], memory=MEMORY, seconds=SECONDS)
    environment = {**os.environ, "PYTHONPATH": f"{CHECKOUT / '.venv/collections'}"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith(("refused: ", "resolved"))
