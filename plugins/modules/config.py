#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config
short_description: Resolve the configuration of a host
version_added: 0.1.0
author: kubephase contributors (@kubephase)
description:
  - Merges, defaults and validates the configuration as kubeadm does, and returns all that the roles of the collection
    work from. Later sources win, O(config_file) before the documents, these before the short options, these before a
    host's own parts.
  - Runs on the controller. Only the host's facts are read from the host, once in a run.
  - Everything that is wrong is reported together, each fault with the path of its field.
  - Bootstrap tokens and certificate keys are validated and left out of the result.
extends_documentation_fragment:
  - kubephase.cluster.attributes
  - kubephase.cluster.attributes.info
options:
  config_file:
    description: >-
      An existing kubeadm YAML file on the controller (several documents are fine, an Ansible vault too). The lowest
      layer: every variable wins over it.
    type: str
    default: ""
  cluster_configuration:
    description: Fields of kubeadm's ClusterConfiguration (v1beta4).
    type: dict
    default: {}
  init_configuration:
    description: Fields of kubeadm's InitConfiguration; its host parts speak for control planes that do not join.
    type: dict
    default: {}
  join_configuration:
    description: Fields of kubeadm's JoinConfiguration; its host parts speak for hosts that join.
    type: dict
    default: {}
  reset_configuration:
    description: Fields of kubeadm's ResetConfiguration.
    type: dict
    default: {}
  upgrade_configuration:
    description: Fields of kubeadm's UpgradeConfiguration.
    type: dict
    default: {}
  kubelet_configuration:
    description: Fields of KubeletConfiguration, for all nodes.
    type: dict
    default: {}
  kube_proxy_configuration:
    description: Fields of KubeProxyConfiguration.
    type: dict
    default: {}
  kubernetes_version:
    description: Exact version or label, for example V(v1.36.3) or V(stable-1.36). V(v1.37.2) where nothing is said.
    type: str
    default: ""
  control_plane_endpoint:
    description: Stable address of the API servers, C(HOST[:PORT]).
    type: str
    default: ""
  pod_subnet:
    description: Network of the Pods, for example V(10.244.0.0/16); two separated by a comma for dual stack.
    type: str
    default: ""
  service_subnet:
    description: Network of the services, V(10.96.0.0/12) where nothing is said.
    type: str
    default: ""
  dns_domain:
    description: DNS domain of the services, V(cluster.local) where nothing is said.
    type: str
    default: ""
  cluster_name:
    description: Name of the cluster, V(kubernetes) where nothing is said.
    type: str
    default: ""
  image_repository:
    description: Where the images come from, V(registry.k8s.io) where nothing is said.
    type: str
    default: ""
  cri_socket:
    description: Socket of the container runtime, containerd's where nothing is said.
    type: str
    default: ""
  etcd_endpoints:
    description: >-
      Client URLs of an etcd on hosts of its own. They fill etcd.external, with the files below certificatesDir, where that is
      not said; etcd.local is left to those hosts.
    type: list
    elements: str
    default: []
  node_role:
    description: >-
      What the host is or becomes. Empty: what is found on it, and a control plane where nothing is found.
    type: str
    default: ""
    choices: ["", control_plane, worker, etcd]
  node_registration:
    description: >-
      Fields of nodeRegistration for this host. C(taints) as in kubeadm: null means the default, an empty list means
      none.
    type: dict
    default: {}
  local_api_endpoint:
    description: >-
      Fields of localAPIEndpoint for this host. Default: the address of the default route, port 6443.
    type: dict
    default: {}
  node_labels:
    description: Labels of this host's Node.
    type: dict
    default: {}
  node_annotations:
    description: Annotations of this host's Node.
    type: dict
    default: {}
  joins:
    description: >-
      Whether JoinConfiguration speaks for this host. Empty: for workers yes, for control planes no. A control
      plane that joins an existing one has V(true).
    type: raw
    default: ""
  upload_certs:
    description: >-
      Whether the control plane's certificates go, encrypted, to Secret kubeadm-certs, as with
      C(--upload-certs).
    type: bool
    default: false
  ca_keys:
    description: >-
      Where the keys of the certificate authorities are. With V(shared) on every control plane, as with kubeadm. With
      V(single) on one of them alone, which signs for the others.
    type: str
    choices: [shared, single]
    default: shared
  patches_directory:
    description: >-
      Folder on the controller with patches, files named as kubeadm's. (C(patches.directory) of
      InitConfiguration and JoinConfiguration is a folder on the host.)
    type: str
    default: ""
  proxy_env:
    description: Variables such as C(HTTPS_PROXY) and C(NO_PROXY) for the control plane's Pods and kube-proxy.
    type: dict
    default: {}
  network_mode:
    description: >-
      V(bridge) for a bridge on each node and routes between them (nodes on one layer 2 network), V(manifest) for
      manifests of a CNI plugin, V(none) to leave it to you.
    type: str
    default: none
    choices: [none, bridge, manifest]
  network_manifests:
    description: For V(manifest), a list of C({url or path, checksum}); a C(url) needs a C(checksum) as V(sha256:HEX).
    type: list
    elements: dict
    default: []
  container_runtime_source:
    description: Where containerd comes from, upstream's release or the distribution's package.
    type: str
    default: release
    choices: [release, distribution]
  containerd_version:
    description: Version of containerd's release.
    type: str
    default: 2.4.2
  runc_version:
    description: Version of runc's release.
    type: str
    default: 1.5.2
  cni_plugins_version:
    description: Version of the CNI plugins' release.
    type: str
    default: 1.9.1
  registry_mirrors:
    description: >-
      Mirrors by registry, for example C({registry.k8s.io: [{url: http://10.0.0.1:5000}]}); C(skip_verify),
      C(override_path) and C(ca) may be added.
    type: dict
    default: {}
  container_runtime_proxy:
    description: Proxies of the container runtime as C({http_proxy, https_proxy, no_proxy}).
    type: dict
    default: {}
  containerd_restrict_oom_score_adj:
    description: Keep containers from asking for an OOM score below containerd's own.
    type: bool
    default: false
  kubernetes_url:
    description: Tree with C(VERSION/bin/linux/ARCHITECTURE/kubelet) and its C(.sha256).
    type: str
    default: https://dl.k8s.io/release
  containerd_url:
    description: Where containerd's releases are.
    type: str
    default: https://github.com/containerd/containerd/releases/download
  runc_url:
    description: Where runc's releases are.
    type: str
    default: https://github.com/opencontainers/runc/releases/download
  cni_plugins_url:
    description: Where the CNI plugins' releases are.
    type: str
    default: https://github.com/containernetworking/plugins/releases/download
  checksums:
    description: Checksums by file name as V(sha256:HEX). A file named here is not checked against the published checksum.
    type: dict
    default: {}
  downloads_proxy:
    description: Proxies for downloads on the hosts as C({http_proxy, https_proxy, no_proxy}).
    type: dict
    default: {}
  swap:
    description: Swap is turned off for good, or left alone.
    type: str
    default: disable
    choices: [disable, keep]
  hosts_entries:
    description: Whether a node's own name goes to C(/etc/hosts) where the host cannot resolve it.
    type: bool
    default: true
  extra_sysctls:
    description: Further sysctls, by name.
    type: dict
    default: {}
  refresh:
    description: Read the host's facts again, although this run has them already.
    type: bool
    default: false
seealso:
  - module: kubephase.cluster.host_info
"""

EXAMPLES = r"""
- name: Resolve the configuration
  kubephase.cluster.config:
    cluster_configuration:
      networking:
        podSubnet: 10.244.0.0/16
    kubernetes_version: v1.37.2
    node_registration:
      taints: []
  register: kubephase

- name: Show where the API server is
  ansible.builtin.debug:
    var: kubephase.server.cluster
"""

RETURN = r"""
host:
  description: The host's facts, see M(kubephase.cluster.host_info).
  returned: success
  type: dict
version:
  description: >-
    The Kubernetes version as C(gitVersion), C(major), C(minor) and C(patch), C(ci) for a build of CI, and the C(label)
    that was followed.
  returned: success
  type: dict
cluster:
  description: ClusterConfiguration, the mapping that goes to ConfigMap kubeadm-config.
  returned: success
  type: dict
node_role:
  description: What the host is or becomes, V(control_plane), V(worker) or V(etcd).
  returned: success
  type: str
node_registration:
  description: The host's nodeRegistration. C(taints) is null where kubeadm's default applies.
  returned: success
  type: dict
node_labels:
  description: Labels of the host's Node.
  returned: success
  type: dict
node_annotations:
  description: Annotations of the host's Node.
  returned: success
  type: dict
joins:
  description: Whether JoinConfiguration speaks for the host.
  returned: success
  type: bool
local_api_endpoint:
  description: C(advertiseAddress) and C(bindPort) of the host's API server.
  returned: success
  type: dict
timeouts:
  description: kubeadm's timeouts in seconds.
  returned: success
  type: dict
encryption_algorithm:
  description: Algorithm of new keys, after feature gate PublicKeysECDSA.
  returned: success
  type: str
feature_gates:
  description: kubeadm's feature gates as this version behaves.
  returned: success
  type: dict
patches:
  description: Folders with patches, C(directory) on the host and C(controller_directory) on the controller.
  returned: success
  type: dict
skip_phases:
  description: Phases of init or join that the host skips, children of a skipped phase too.
  returned: success
  type: list
  elements: str
upload_certs:
  description: Whether the control plane's certificates are uploaded.
  returned: success
  type: bool
ca_keys:
  description: Where the keys of the certificate authorities are, V(shared) or V(single).
  returned: success
  type: str
kubelet:
  description: KubeletConfiguration as in ConfigMap kubelet-config.
  returned: success
  type: dict
kubelet_user_supplied:
  description: Whether the user said anything in it.
  returned: success
  type: bool
kube_proxy:
  description: KubeProxyConfiguration as in ConfigMap kube-proxy.
  returned: success
  type: dict
kube_proxy_user_supplied:
  description: Whether the user said anything in it.
  returned: success
  type: bool
images:
  description: Image reference of each component.
  returned: success
  type: dict
server:
  description: URL of the API server, C(cluster) for all and C(local) for this host's own.
  returned: success
  type: dict
service_ip:
  description: Address of service kubernetes.
  returned: success
  type: str
dns_ip:
  description: Address of the DNS service.
  returned: success
  type: str
discovery:
  description: How a joining host finds the cluster, without the token.
  returned: success
  type: dict
reset:
  description: ResetConfiguration with every field; timeouts in seconds.
  returned: success
  type: dict
upgrade:
  description: UpgradeConfiguration with every field; timeouts in seconds.
  returned: success
  type: dict
proxy_env:
  description: Environment variables for the control plane's Pods and kube-proxy.
  returned: success
  type: list
  elements: dict
network:
  description: The Pod network.
  returned: success
  type: dict
container_runtime:
  description: The container runtime.
  returned: success
  type: dict
downloads:
  description: URLs, checksums and proxies of downloads.
  returned: success
  type: dict
node:
  description: Preparation of the host.
  returned: success
  type: dict
"""
