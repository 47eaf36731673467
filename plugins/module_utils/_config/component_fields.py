# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of KubeletConfiguration v1beta1 and KubeProxyConfiguration v1alpha1."""

from __future__ import annotations

from ansible_collections.kubephase.cluster.plugins.module_utils._config.kubeadm_fields import META, STRINGS, TAINT
from ansible_collections.kubephase.cluster.plugins.module_utils._config.schema import (
    ALWAYS,
    BOOL,
    DURATION,
    FILLED,
    FLOAT,
    INT32,
    INT64,
    LOG_DURATION,
    NULLABLE,
    POINTER,
    QUANTITY,
    STRING,
    UINT32,
    ListOf,
    MapOf,
    choice,
    fields,
    struct,
)

KUBELET_API_VERSION = "kubelet.config.k8s.io/v1beta1"
KUBE_PROXY_API_VERSION = "kubeproxy.config.k8s.io/v1alpha1"

LOG_OUTPUT = struct(fields(FILLED, BOOL, "splitStream"), fields(ALWAYS, QUANTITY, "infoBufferSize"))
LOGGING = struct(
    fields(FILLED, STRING, "format"),
    fields(ALWAYS, LOG_DURATION, "flushFrequency"),
    fields(ALWAYS, UINT32, "verbosity"),
    fields(
        FILLED, ListOf(struct(fields(ALWAYS, STRING, "filePattern"), fields(ALWAYS, UINT32, "verbosity"))), "vmodule"
    ),
    fields(ALWAYS, struct(fields(ALWAYS, LOG_OUTPUT, "text json")), "options"),
)
TEXTS = MapOf(STRING)

KUBELET = struct(
    META,
    fields(
        ALWAYS,
        DURATION,
        "syncFrequency fileCheckFrequency httpCheckFrequency streamingConnectionIdleTimeout nodeStatusUpdateFrequency"
        " nodeStatusReportFrequency imageMinimumGCAge imageMaximumGCAge volumeStatsAggPeriod cpuManagerReconcilePeriod"
        " runtimeRequestTimeout evictionPressureTransitionPeriod shutdownGracePeriod shutdownGracePeriodCriticalPods",
    ),
    fields(POINTER, DURATION, "cpuCFSQuotaPeriod containerLogMonitorInterval"),
    fields(ALWAYS, STRING, "containerRuntimeEndpoint"),
    fields(
        FILLED,
        STRING,
        "staticPodPath podLogsDir staticPodURL address tlsCertFile tlsPrivateKeyFile tlsMinVersion healthzBindAddress"
        " imagePullCredentialsVerificationPolicy clusterDomain kubeletCgroups systemCgroups cgroupRoot cpuManagerPolicy"
        " memoryManagerPolicy topologyManagerPolicy topologyManagerScope hairpinMode podCIDR contentType"
        " containerLogMaxSize configMapAndSecretChangeDetectionStrategy reservedSystemCPUs showHiddenMetricsForVersion"
        " systemReservedCgroup kubeReservedCgroup volumePluginDir providerID imageServiceEndpoint",
    ),
    fields(FILLED, choice("", "systemd", "cgroupfs"), "cgroupDriver"),
    fields(POINTER, STRING, "resolvConf"),
    fields(
        FILLED,
        INT32,
        "port readOnlyPort registryBurst eventBurst nodeLeaseDurationSeconds maxPods kubeAPIBurst"
        " evictionMaxPodGracePeriod podsPerCore",
    ),
    fields(FILLED, INT64, "maxOpenFiles"),
    fields(
        POINTER,
        INT32,
        "registryPullQPS eventRecordQPS healthzPort oomScoreAdj imageGCHighThresholdPercent imageGCLowThresholdPercent"
        " nodeStatusMaxImages kubeAPIQPS maxParallelImagePulls iptablesMasqueradeBit iptablesDropBit"
        " containerLogMaxFiles containerLogMaxWorkers",
    ),
    fields(POINTER, INT64, "podPidsLimit"),
    fields(POINTER, FLOAT, "memoryThrottlingFactor"),
    fields(
        FILLED,
        BOOL,
        "rotateCertificates serverTLSBootstrap enableContentionProfiling runOnce protectKernelDefaults"
        " kernelMemcgNotification",
    ),
    fields(
        POINTER,
        BOOL,
        "enableServer enableDebuggingHandlers cgroupsPerQOS singleProcessOOMKill cpuCFSQuota serializeImagePulls"
        " mergeDefaultEvictionSettings enableControllerAttachDetach makeIPTablesUtilChains failSwapOn"
        " enableSystemLogHandler enableSystemLogQuery enableProfilingHandler enableDebugFlagsHandler seccompDefault"
        " registerNode localStorageCapacityIsolation failCgroupV1",
    ),
    fields(
        FILLED,
        STRINGS,
        "tlsCipherSuites preloadedImagesVerificationAllowlist clusterDNS enforceNodeAllocatable allowedUnsafeSysctls",
    ),
    fields(
        FILLED,
        TEXTS,
        "cpuManagerPolicyOptions topologyManagerPolicyOptions qosReserved evictionHard evictionSoft"
        " evictionSoftGracePeriod evictionMinimumReclaim systemReserved kubeReserved",
    ),
    fields(FILLED, MapOf(STRINGS), "staticPodURLHeader"),
    fields(FILLED, ListOf(INT32), "tlsCurvePreferences", since=36),
    fields(FILLED, MapOf(BOOL), "featureGates"),
    fields(FILLED, ListOf(TAINT), "registerWithTaints"),
    fields(FILLED, STRING, "memoryReservationPolicy", since=36),
    fields(FILLED, TEXTS, "defaultPodSysctls", since=37),
    fields(
        ALWAYS,
        struct(
            fields(ALWAYS, struct(fields(FILLED, STRING, "clientCAFile")), "x509"),
            fields(ALWAYS, struct(fields(POINTER, BOOL, "enabled"), fields(ALWAYS, DURATION, "cacheTTL")), "webhook"),
            fields(ALWAYS, struct(fields(POINTER, BOOL, "enabled")), "anonymous"),
        ),
        "authentication",
    ),
    fields(
        ALWAYS,
        struct(
            fields(FILLED, choice("", "Webhook", "AlwaysAllow"), "mode"),
            fields(ALWAYS, struct(fields(ALWAYS, DURATION, "cacheAuthorizedTTL cacheUnauthorizedTTL")), "webhook"),
        ),
        "authorization",
    ),
    fields(ALWAYS, struct(fields(FILLED, STRING, "swapBehavior")), "memorySwap"),
    fields(ALWAYS, LOGGING, "logging"),
    fields(
        FILLED,
        ListOf(struct(fields(ALWAYS, INT32, "priority"), fields(ALWAYS, INT64, "shutdownGracePeriodSeconds"))),
        "shutdownGracePeriodByPodPriority",
    ),
    fields(ALWAYS, struct(fields(POINTER, DURATION, "maxContainerRestartPeriod")), "crashLoopBackOff"),
    fields(
        FILLED,
        ListOf(struct(fields(ALWAYS, INT32, "numaNode"), fields(NULLABLE, MapOf(QUANTITY), "limits"))),
        "reservedMemory",
    ),
    fields(
        POINTER,
        struct(fields(POINTER, STRING, "endpoint"), fields(POINTER, INT32, "samplingRatePerMillion")),
        "tracing",
    ),
    fields(POINTER, struct(fields(POINTER, INT64, "idsPerPod")), "userNamespaces"),
)

KUBE_PROXY = struct(
    META,
    fields(FILLED, MapOf(BOOL), "featureGates"),
    fields(
        ALWAYS,
        struct(
            fields(ALWAYS, STRING, "kubeconfig acceptContentTypes contentType"),
            fields(ALWAYS, FLOAT, "qps"),
            fields(ALWAYS, INT32, "burst"),
        ),
        "clientConnection",
    ),
    fields(ALWAYS, LOGGING, "logging"),
    fields(
        ALWAYS,
        STRING,
        "hostnameOverride bindAddress healthzBindAddress metricsBindAddress showHiddenMetricsForVersion detectLocalMode"
        " clusterCIDR portRange",
    ),
    fields(ALWAYS, choice("", "iptables", "ipvs", "nftables", "kernelspace"), "mode"),
    fields(ALWAYS, BOOL, "bindAddressHardFail enableProfiling"),
    fields(FILLED, BOOL, "windowsRunAsService"),
    fields(NULLABLE, STRINGS, "nodePortAddresses"),
    fields(NULLABLE, INT32, "oomScoreAdj"),
    fields(ALWAYS, DURATION, "configSyncPeriod"),
    fields(
        ALWAYS,
        struct(
            fields(NULLABLE, INT32, "masqueradeBit"),
            fields(ALWAYS, BOOL, "masqueradeAll"),
            fields(NULLABLE, BOOL, "localhostNodePorts"),
            fields(ALWAYS, DURATION, "syncPeriod minSyncPeriod"),
        ),
        "iptables",
    ),
    fields(
        ALWAYS,
        struct(
            fields(ALWAYS, DURATION, "syncPeriod minSyncPeriod tcpTimeout tcpFinTimeout udpTimeout"),
            fields(ALWAYS, STRING, "scheduler"),
            fields(NULLABLE, STRINGS, "excludeCIDRs"),
            fields(ALWAYS, BOOL, "strictARP"),
        ),
        "ipvs",
    ),
    fields(
        ALWAYS,
        struct(
            fields(NULLABLE, INT32, "masqueradeBit"),
            fields(ALWAYS, BOOL, "masqueradeAll"),
            fields(ALWAYS, DURATION, "syncPeriod minSyncPeriod"),
        ),
        "nftables",
    ),
    fields(
        ALWAYS,
        struct(
            fields(ALWAYS, STRING, "networkName sourceVip rootHnsEndpointName"),
            fields(ALWAYS, BOOL, "enableDSR forwardHealthCheckVip"),
        ),
        "winkernel",
    ),
    fields(ALWAYS, struct(fields(ALWAYS, STRING, "bridgeInterface interfaceNamePrefix")), "detectLocal"),
    fields(
        ALWAYS,
        struct(
            fields(NULLABLE, INT32, "maxPerCore min"),
            fields(NULLABLE, DURATION, "tcpEstablishedTimeout tcpCloseWaitTimeout"),
            fields(ALWAYS, BOOL, "tcpBeLiberal"),
            fields(ALWAYS, DURATION, "udpTimeout udpStreamTimeout"),
        ),
        "conntrack",
    ),
)
