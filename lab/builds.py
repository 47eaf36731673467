"""How each project's commands are built from its module."""

from __future__ import annotations

from lab import pins
from lab.golang import Build

KUBERNETES_COMMANDS = (
    "kubelet",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubectl",
    "kubeadm",
)
CNI_COMMANDS = {
    "bridge": "main",
    "loopback": "main",
    "ptp": "main",
    "host-local": "ipam",
    "portmap": "meta",
    "firewall": "meta",
    "bandwidth": "meta",
}


def kubernetes(version: str) -> Build:
    _major, minor, _patch = version.split(".")
    stamp = "k8s.io/component-base/version."
    return Build(
        "k8s.io/kubernetes",
        version,
        {name: f"k8s.io/kubernetes/cmd/{name}" for name in KUBERNETES_COMMANDS},
        stamps={
            f"{stamp}gitVersion": f"v{version}",
            f"{stamp}gitMajor": "1",
            f"{stamp}gitMinor": minor,
            f"{stamp}gitTreeState": "clean",
            f"{stamp}gitCommit": "0" * 40,
            f"{stamp}buildDate": "2026-01-01T00:00:00Z",
        },
        kubernetes_version=version,
    )


def etcd(version: str) -> list[Build]:
    return [
        Build(f"go.etcd.io/etcd/{part}/v3", version, {name: f"go.etcd.io/etcd/{part}/v3"})
        for part, name in (("server", "etcd"), ("etcdctl", "etcdctl"), ("etcdutl", "etcdutl"))
    ]


def coredns(version: str) -> Build:
    module = "github.com/coredns/coredns"
    return Build(module, version, {"coredns": module})


def containerd() -> Build:
    module = "github.com/containerd/containerd/v2"
    return Build(
        module,
        pins.CONTAINERD,
        {name: f"{module}/cmd/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")},
        tags="no_btrfs no_devmapper no_zfs",
        stamps={f"{module}/version.Version": f"v{pins.CONTAINERD}"},
    )


def runc() -> Build:
    module = "github.com/opencontainers/runc"
    return Build(
        module,
        pins.RUNC,
        {"runc": module},
        tags="seccomp netgo osusergo",
        static_cgo=True,
    )


def cni_plugins() -> Build:
    module = "github.com/containernetworking/plugins"
    return Build(
        module,
        pins.CNI_PLUGINS,
        {name: f"{module}/plugins/{kind}/{name}" for name, kind in CNI_COMMANDS.items()},
        stamps={f"{module}/pkg/utils/buildversion.BuildVersion": f"v{pins.CNI_PLUGINS}"},
    )
