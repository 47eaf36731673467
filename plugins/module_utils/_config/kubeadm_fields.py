# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of kubeadm's v1beta4 documents."""

from __future__ import annotations

from ansible_collections.kubephase.cluster.plugins.module_utils._config.schema import (
    ALWAYS,
    BOOL,
    DURATION,
    FILLED,
    INT32,
    INT64,
    NULLABLE,
    POINTER,
    QUANTITY,
    SECRET,
    STRING,
    TIME,
    ListOf,
    MapOf,
    choice,
    fields,
    struct,
)

API_VERSION = "kubeadm.k8s.io/v1beta4"

ENCRYPTION_ALGORITHMS = ("RSA-2048", "RSA-3072", "RSA-4096", "ECDSA-P256", "ECDSA-P384")
PULL_POLICY = choice("", "Always", "IfNotPresent", "Never")
PATH_TYPE = choice(
    "", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"
)  # fmt: skip

META = fields(FILLED, STRING, "apiVersion kind")
STRINGS = ListOf(STRING)

ARG = struct(fields(ALWAYS, STRING, "name value"))
TAINT = struct(
    fields(ALWAYS, STRING, "key effect"), fields(FILLED, STRING, "value"), fields(POINTER, TIME, "timeAdded")
)

OBJECT_KEY = struct(fields(FILLED, STRING, "name"), fields(ALWAYS, STRING, "key"), fields(POINTER, BOOL, "optional"))
ENV_SOURCE = struct(
    fields(POINTER, struct(fields(FILLED, STRING, "apiVersion"), fields(ALWAYS, STRING, "fieldPath")), "fieldRef"),
    fields(
        POINTER,
        struct(
            fields(FILLED, STRING, "containerName"),
            fields(ALWAYS, STRING, "resource"),
            fields(ALWAYS, QUANTITY, "divisor"),
        ),
        "resourceFieldRef",
    ),
    fields(POINTER, OBJECT_KEY, "configMapKeyRef secretKeyRef"),
    fields(
        POINTER,
        struct(fields(ALWAYS, STRING, "volumeName path key"), fields(POINTER, BOOL, "optional")),
        "fileKeyRef",
    ),
)
ENV = struct(fields(ALWAYS, STRING, "name"), fields(FILLED, STRING, "value"), fields(POINTER, ENV_SOURCE, "valueFrom"))
VOLUME = struct(
    fields(ALWAYS, STRING, "name hostPath mountPath"),
    fields(FILLED, BOOL, "readOnly"),
    fields(FILLED, PATH_TYPE, "pathType"),
)

COMPONENT = struct(
    fields(FILLED, ListOf(ARG), "extraArgs"),
    fields(FILLED, ListOf(VOLUME), "extraVolumes"),
    fields(FILLED, ListOf(ENV), "extraEnvs"),
)
API_SERVER = struct(dict(COMPONENT.fields), fields(FILLED, STRINGS, "certSANs"))
DNS = struct(fields(FILLED, STRING, "imageRepository imageTag"), fields(FILLED, BOOL, "disabled"))
PROXY = struct(fields(FILLED, BOOL, "disabled"))
NETWORKING = struct(fields(FILLED, STRING, "serviceSubnet podSubnet dnsDomain"))
LOCAL_ETCD = struct(
    fields(FILLED, STRING, "imageRepository imageTag"),
    fields(ALWAYS, STRING, "dataDir"),
    fields(FILLED, ListOf(ARG), "extraArgs"),
    fields(FILLED, ListOf(ENV), "extraEnvs"),
    fields(FILLED, STRINGS, "serverCertSANs peerCertSANs"),
)
EXTERNAL_ETCD = struct(
    fields(NULLABLE, STRINGS, "endpoints"),
    fields(FILLED, STRINGS, "httpEndpoints", since=35),
    fields(ALWAYS, STRING, "caFile certFile keyFile"),
)
ETCD = struct(fields(POINTER, LOCAL_ETCD, "local"), fields(POINTER, EXTERNAL_ETCD, "external"))

CLUSTER = struct(
    META,
    fields(ALWAYS, ETCD, "etcd"),
    fields(ALWAYS, NETWORKING, "networking"),
    fields(ALWAYS, API_SERVER, "apiServer"),
    fields(ALWAYS, COMPONENT, "controllerManager scheduler"),
    fields(ALWAYS, DNS, "dns"),
    fields(ALWAYS, PROXY, "proxy"),
    fields(FILLED, STRING, "kubernetesVersion controlPlaneEndpoint certificatesDir imageRepository clusterName"),
    fields(FILLED, choice("", *ENCRYPTION_ALGORITHMS), "encryptionAlgorithm"),
    fields(FILLED, MapOf(BOOL), "featureGates"),
    fields(POINTER, DURATION, "certificateValidityPeriod caCertificateValidityPeriod"),
)

NODE_REGISTRATION = struct(
    fields(FILLED, STRING, "name criSocket"),
    fields(NULLABLE, ListOf(TAINT), "taints"),
    fields(FILLED, ListOf(ARG), "kubeletExtraArgs"),
    fields(FILLED, STRINGS, "ignorePreflightErrors"),
    fields(FILLED, PULL_POLICY, "imagePullPolicy"),
    fields(POINTER, BOOL, "imagePullSerial"),
)
API_ENDPOINT = struct(fields(FILLED, STRING, "advertiseAddress"), fields(FILLED, INT32, "bindPort"))
TIMEOUTS = struct(
    fields(
        POINTER,
        DURATION,
        "controlPlaneComponentHealthCheck kubeletHealthCheck kubernetesAPICall etcdAPICall tlsBootstrap discovery"
        " upgradeManifests",
    )
)
PATCHES = struct(fields(FILLED, STRING, "directory"))
BOOTSTRAP_TOKEN = struct(
    fields(ALWAYS, SECRET, "token"),
    fields(FILLED, STRING, "description"),
    fields(POINTER, DURATION, "ttl"),
    fields(POINTER, TIME, "expires"),
    fields(FILLED, STRINGS, "usages groups"),
)
COMMON = {
    **META,
    **fields(FILLED, BOOL, "dryRun"),
    **fields(ALWAYS, NODE_REGISTRATION, "nodeRegistration"),
    **fields(FILLED, STRINGS, "skipPhases"),
    **fields(POINTER, PATCHES, "patches"),
    **fields(POINTER, TIMEOUTS, "timeouts"),
}
INIT = struct(
    COMMON,
    fields(FILLED, ListOf(BOOTSTRAP_TOKEN), "bootstrapTokens"),
    fields(ALWAYS, API_ENDPOINT, "localAPIEndpoint"),
    fields(FILLED, SECRET, "certificateKey"),
)
DISCOVERY = struct(
    fields(
        POINTER,
        struct(
            fields(ALWAYS, SECRET, "token"),
            fields(FILLED, STRING, "apiServerEndpoint"),
            fields(FILLED, STRINGS, "caCertHashes"),
            fields(FILLED, BOOL, "unsafeSkipCAVerification"),
        ),
        "bootstrapToken",
    ),
    fields(POINTER, struct(fields(ALWAYS, STRING, "kubeConfigPath")), "file"),
    fields(FILLED, SECRET, "tlsBootstrapToken"),
)
JOIN = struct(
    COMMON,
    fields(FILLED, STRING, "caCertPath"),
    fields(ALWAYS, DISCOVERY, "discovery"),
    fields(
        POINTER,
        struct(fields(ALWAYS, API_ENDPOINT, "localAPIEndpoint"), fields(FILLED, SECRET, "certificateKey")),
        "controlPlane",
    ),
)
RESET = struct(
    META,
    fields(FILLED, BOOL, "cleanupTmpDir dryRun force"),
    fields(FILLED, STRING, "certificatesDir criSocket"),
    fields(FILLED, STRINGS, "ignorePreflightErrors skipPhases unmountFlags"),
    fields(POINTER, TIMEOUTS, "timeouts"),
)
UPGRADE_PLAN = struct(
    fields(FILLED, STRING, "kubernetesVersion"),
    fields(POINTER, BOOL, "allowExperimentalUpgrades allowRCUpgrades dryRun etcdUpgrade printConfig"),
    fields(FILLED, STRINGS, "ignorePreflightErrors"),
)
UPGRADE_NODE = struct(
    fields(POINTER, BOOL, "certificateRenewal dryRun etcdUpgrade"),
    fields(FILLED, STRINGS, "ignorePreflightErrors skipPhases"),
    fields(POINTER, PATCHES, "patches"),
    fields(FILLED, PULL_POLICY, "imagePullPolicy"),
    fields(POINTER, BOOL, "imagePullSerial"),
)
UPGRADE_APPLY = struct(dict(UPGRADE_NODE.fields), dict(UPGRADE_PLAN.fields), fields(POINTER, BOOL, "forceUpgrade"))
UPGRADE_DIFF = struct(fields(FILLED, STRING, "kubernetesVersion"), fields(FILLED, INT64, "contextLines"))
UPGRADE = struct(
    META,
    fields(ALWAYS, UPGRADE_APPLY, "apply"),
    fields(ALWAYS, UPGRADE_DIFF, "diff"),
    fields(ALWAYS, UPGRADE_NODE, "node"),
    fields(ALWAYS, UPGRADE_PLAN, "plan"),
    fields(POINTER, TIMEOUTS, "timeouts"),
)
