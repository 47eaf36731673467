#!/bin/sh
# Prepares a host for kubeadm as its documentation tells a person to do it by hand: containerd, runc, CNI plugins, kubelet, kubeadm.
# usage: kubeadm-host.sh FILES_URL REGISTRY_URL ARCH KUBERNETES CONTAINERD RUNC CNI PAUSE_TAG   (versions without v)
set -eu
files=$1 registry=$2 arch=$3 kubernetes=$4 containerd=$5 runc=$6 cni=$7 pause=$8

get() { curl -sSf -o "$2" "$files/$1"; }

get "containerd/containerd/releases/download/v$containerd/containerd-$containerd-linux-$arch.tar.gz" /tmp/containerd.tgz
tar -C /usr/local -xzf /tmp/containerd.tgz
get "opencontainers/runc/releases/download/v$runc/runc.$arch" /usr/local/sbin/runc
mkdir -p /opt/cni/bin /etc/cni/net.d
get "containernetworking/plugins/releases/download/v$cni/cni-plugins-linux-$arch-v$cni.tgz" /tmp/cni.tgz
tar -C /opt/cni/bin -xzf /tmp/cni.tgz
rm /tmp/containerd.tgz /tmp/cni.tgz
for name in kubelet kubeadm kubectl; do
    get "release/v$kubernetes/bin/linux/$arch/$name" "/usr/bin/$name"
    chmod 0755 "/usr/bin/$name"
done
chmod 0755 /usr/local/sbin/runc

mkdir -p /etc/containerd/certs.d/registry.k8s.io
printf '[host."%s"]\n  capabilities = ["pull", "resolve"]\n' "$registry" > /etc/containerd/certs.d/registry.k8s.io/hosts.toml
cat > /etc/containerd/config.toml <<TOML
version = 3

[plugins."io.containerd.cri.v1.images"]
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "registry.k8s.io/pause:$pause"
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = "/etc/containerd/certs.d"

[plugins."io.containerd.cri.v1.runtime"]
  # without CAP_SYS_RESOURCE no score can be lowered
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      SystemdCgroup = true
TOML
cat > /etc/systemd/system/containerd.service <<'UNIT'
[Unit]
After=network.target
[Service]
Type=notify
ExecStart=/usr/local/bin/containerd
Delegate=yes
KillMode=process
Restart=always
LimitNOFILE=infinity
TasksMax=infinity
[Install]
WantedBy=multi-user.target
UNIT
# where the packages of kubelet and kubeadm have them
cat > /usr/lib/systemd/system/kubelet.service <<'UNIT'
[Unit]
After=containerd.service
[Service]
ExecStart=/usr/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10
[Install]
WantedBy=multi-user.target
UNIT
mkdir -p /usr/lib/systemd/system/kubelet.service.d
cat > /usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf <<'UNIT'
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
UNIT
printf 'net.ipv4.ip_forward = 1\n' > /etc/sysctl.d/99-kubernetes.conf
sysctl -q -p /etc/sysctl.d/99-kubernetes.conf
systemctl daemon-reload
systemctl enable --now --quiet containerd
systemctl enable --quiet kubelet
