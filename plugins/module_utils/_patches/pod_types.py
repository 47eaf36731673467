# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a Pod, a Deployment and a DaemonSet: what a strategic merge needs to know, and what an encoder drops.

A line for each type of the API: its name, and ``field:type`` for each of its fields.

=========== =====================================================================
``[]T``     a list
``{}T``     a mapping
``*T``      unset and zero are different things
``?``       left out where it is zero
``~``       left out where nothing in it is set
``<key>``   a list whose items a strategic merge patch merges by this field; ``<>`` is a list of plain values, joined
``@36``     since Kubernetes 1.36
=========== =====================================================================
"""

from __future__ import annotations

TYPES = """\
AWSElasticBlockStoreVolumeSource volumeID:str fsType:str? partition:int? readOnly:bool?
Affinity nodeAffinity:*NodeAffinity? podAffinity:*PodAffinity? podAntiAffinity:*PodAntiAffinity?
AppArmorProfile type:str localhostProfile:*str?
AzureDiskVolumeSource diskName:str diskURI:str cachingMode:*str? fsType:*str? readOnly:*bool? kind:*str?
AzureFileVolumeSource secretName:str shareName:str readOnly:bool?
CSIVolumeSource driver:str readOnly:*bool? fsType:*str? volumeAttributes:{}str?
  nodePublishSecretRef:*LocalObjectReference?
Capabilities add:[]str? drop:[]str?
CephFSVolumeSource monitors:[]str path:str? user:str? secretFile:str? secretRef:*LocalObjectReference? readOnly:bool?
CinderVolumeSource volumeID:str fsType:str? readOnly:bool? secretRef:*LocalObjectReference?
ClusterTrustBundleProjection name:*str? signerName:*str? labelSelector:*LabelSelector? optional:*bool? path:str
  user:*int?@37
ConfigMapEnvSource name:str? optional:*bool?
ConfigMapKeySelector name:str? key:str optional:*bool?
ConfigMapProjection name:str? items:[]KeyToPath? optional:*bool?
ConfigMapVolumeSource name:str? items:[]KeyToPath? defaultMode:*int? optional:*bool? defaultUser:*int?@37
Container name:str image:str? command:[]str? args:[]str? workingDir:str? ports:[]ContainerPort?<containerPort>
  envFrom:[]EnvFromSource? env:[]EnvVar?<name> resources:ResourceRequirements? resizePolicy:[]ContainerResizePolicy?
  restartPolicy:*str? restartPolicyRules:[]ContainerRestartRule? volumeMounts:[]VolumeMount?<mountPath>
  volumeDevices:[]VolumeDevice?<devicePath> livenessProbe:*Probe? readinessProbe:*Probe? startupProbe:*Probe?
  lifecycle:*Lifecycle? terminationMessagePath:str? terminationMessagePolicy:str? imagePullPolicy:str?
  securityContext:*SecurityContext? stdin:bool? stdinOnce:bool? tty:bool?
ContainerPort name:str? hostPort:int? containerPort:int protocol:str? hostIP:str?
ContainerResizePolicy resourceName:str restartPolicy:str
ContainerRestartRule action:str? exitCodes:*ContainerRestartRuleOnExitCodes?
ContainerRestartRuleOnExitCodes operator:str? values:[]int?
DaemonSet kind:str? apiVersion:str? metadata:ObjectMeta? spec:DaemonSetSpec? status:any?
DaemonSetSpec selector:*LabelSelector template:PodTemplateSpec updateStrategy:DaemonSetUpdateStrategy?
  minReadySeconds:int? revisionHistoryLimit:*int?
DaemonSetUpdateStrategy type:str? rollingUpdate:*RollingUpdateDaemonSet?
Deployment kind:str? apiVersion:str? metadata:ObjectMeta? spec:DeploymentSpec? status:any?
DeploymentSpec replicas:*int? selector:*LabelSelector template:PodTemplateSpec strategy:DeploymentStrategy?
  minReadySeconds:int? revisionHistoryLimit:*int? paused:bool? progressDeadlineSeconds:*int?
DeploymentStrategy type:str? rollingUpdate:*RollingUpdateDeployment?
DownwardAPIProjection items:[]DownwardAPIVolumeFile?
DownwardAPIVolumeFile path:str fieldRef:*ObjectFieldSelector? resourceFieldRef:*ResourceFieldSelector? mode:*int?
  user:*int?@37
DownwardAPIVolumeSource items:[]DownwardAPIVolumeFile? defaultMode:*int? defaultUser:*int?@37
EmptyDirVolumeSource medium:str? sizeLimit:*quantity? mode:*int?@37
EnvFromSource prefix:str? configMapRef:*ConfigMapEnvSource? secretRef:*SecretEnvSource?
EnvVar name:str value:str? valueFrom:*EnvVarSource?
EnvVarSource fieldRef:*ObjectFieldSelector? resourceFieldRef:*ResourceFieldSelector?
  configMapKeyRef:*ConfigMapKeySelector? secretKeyRef:*SecretKeySelector? fileKeyRef:*FileKeySelector?
EphemeralContainer name:str image:str? command:[]str? args:[]str? workingDir:str?
  ports:[]ContainerPort?<containerPort> envFrom:[]EnvFromSource? env:[]EnvVar?<name> resources:ResourceRequirements?
  resizePolicy:[]ContainerResizePolicy? restartPolicy:*str? restartPolicyRules:[]ContainerRestartRule?
  volumeMounts:[]VolumeMount?<mountPath> volumeDevices:[]VolumeDevice?<devicePath> livenessProbe:*Probe?
  readinessProbe:*Probe? startupProbe:*Probe? lifecycle:*Lifecycle? terminationMessagePath:str?
  terminationMessagePolicy:str? imagePullPolicy:str? securityContext:*SecurityContext? stdin:bool? stdinOnce:bool?
  tty:bool? targetContainerName:str?
EphemeralVolumeSource volumeClaimTemplate:*PersistentVolumeClaimTemplate?
EvictionResponder name:str priority:*int
ExecAction command:[]str?
FCVolumeSource targetWWNs:[]str? lun:*int? fsType:str? readOnly:bool? wwids:[]str?
FileKeySelector volumeName:str path:str key:str optional:*bool?
FlexVolumeSource driver:str fsType:str? secretRef:*LocalObjectReference? readOnly:bool? options:{}str?
FlockerVolumeSource datasetName:str? datasetUUID:str?
GCEPersistentDiskVolumeSource pdName:str fsType:str? partition:int? readOnly:bool?
GRPCAction port:int service:*str mode:*str?@37
GitRepoVolumeSource repository:str revision:str? directory:str?
GlusterfsVolumeSource endpoints:str path:str readOnly:bool?
HTTPGetAction path:str? port:intstr host:str? scheme:str? httpHeaders:[]HTTPHeader? protocol:*str?@37
HTTPHeader name:str value:str
HostAlias ip:str hostnames:[]str?
HostPathVolumeSource path:str type:*str?
ISCSIVolumeSource targetPortal:str iqn:str lun:int iscsiInterface:str? fsType:str? readOnly:bool? portals:[]str?
  chapAuthDiscovery:bool? chapAuthSession:bool? secretRef:*LocalObjectReference? initiatorName:*str?
ImageVolumeSource reference:str? pullPolicy:str?
KeyToPath key:str path:str mode:*int? user:*int?@37
LabelSelector matchLabels:{}str? matchExpressions:[]LabelSelectorRequirement?
LabelSelectorRequirement key:str operator:str values:[]str?
Lifecycle postStart:*LifecycleHandler? preStop:*LifecycleHandler? stopSignal:*str?
LifecycleHandler exec:*ExecAction? httpGet:*HTTPGetAction? tcpSocket:*TCPSocketAction? sleep:*SleepAction?
LocalObjectReference name:str?
NFSVolumeSource server:str path:str readOnly:bool?
NodeAffinity requiredDuringSchedulingIgnoredDuringExecution:*NodeSelector?
  preferredDuringSchedulingIgnoredDuringExecution:[]PreferredSchedulingTerm?
NodeSelector nodeSelectorTerms:[]NodeSelectorTerm
NodeSelectorRequirement key:str operator:str values:[]str?
NodeSelectorTerm matchExpressions:[]NodeSelectorRequirement? matchFields:[]NodeSelectorRequirement?
ObjectFieldSelector apiVersion:str? fieldPath:str
ObjectMeta name:str? generateName:str? namespace:str? selfLink:str? uid:str? resourceVersion:str? generation:int?
  creationTimestamp:time?~ deletionTimestamp:*time? deletionGracePeriodSeconds:*int? labels:{}str? annotations:{}str?
  ownerReferences:[]OwnerReference?<uid> finalizers:[]str?<> managedFields:any?
OwnerReference apiVersion:str kind:str name:str uid:str controller:*bool? blockOwnerDeletion:*bool?
PersistentVolumeClaimSpec accessModes:[]str? selector:*LabelSelector? resources:VolumeResourceRequirements?
  volumeName:str? storageClassName:*str? volumeMode:*str? dataSource:*TypedLocalObjectReference?
  dataSourceRef:*TypedObjectReference? volumeAttributesClassName:*str?
PersistentVolumeClaimTemplate metadata:ObjectMeta? spec:PersistentVolumeClaimSpec
PersistentVolumeClaimVolumeSource claimName:str readOnly:bool?
PhotonPersistentDiskVolumeSource pdID:str fsType:str?
Pod kind:str? apiVersion:str? metadata:ObjectMeta? spec:PodSpec? status:any
PodAffinity requiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm?
  preferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm?
PodAffinityTerm labelSelector:*LabelSelector? namespaces:[]str? topologyKey:str namespaceSelector:*LabelSelector?
  matchLabelKeys:[]str? mismatchLabelKeys:[]str?
PodAntiAffinity requiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm?
  preferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm?
PodCertificateProjection signerName:str? keyType:str? maxExpirationSeconds:*int? credentialBundlePath:str?
  keyPath:str? certificateChainPath:str? userAnnotations:{}str?@35 user:*int?@37
PodDNSConfig nameservers:[]str? searches:[]str? options:[]PodDNSConfigOption?
PodDNSConfigOption name:str? value:*str?
PodOS name:str
PodReadinessGate conditionType:str
PodResourceClaim name:str resourceClaimName:*str? resourceClaimTemplateName:*str?
PodSchedulingGate name:str
PodSchedulingGroup podGroupName:*str?
PodSecurityContext seLinuxOptions:*SELinuxOptions? windowsOptions:*WindowsSecurityContextOptions? runAsUser:*int?
  runAsGroup:*int? runAsNonRoot:*bool? supplementalGroups:[]int? supplementalGroupsPolicy:*str? fsGroup:*int?
  sysctls:[]Sysctl? fsGroupChangePolicy:*str? seccompProfile:*SeccompProfile? appArmorProfile:*AppArmorProfile?
  seLinuxChangePolicy:*str?
PodSpec volumes:[]Volume?<name> initContainers:[]Container?<name> containers:[]Container<name>
  ephemeralContainers:[]EphemeralContainer?<name> restartPolicy:str? terminationGracePeriodSeconds:*int?
  activeDeadlineSeconds:*int? dnsPolicy:str? nodeSelector:{}str? serviceAccountName:str? serviceAccount:str?
  automountServiceAccountToken:*bool? nodeName:str? hostNetwork:bool? hostPID:bool? hostIPC:bool?
  shareProcessNamespace:*bool? securityContext:*PodSecurityContext? imagePullSecrets:[]LocalObjectReference?<name>
  hostname:str? subdomain:str? affinity:*Affinity? schedulerName:str? tolerations:[]Toleration?
  hostAliases:[]HostAlias?<ip> priorityClassName:str? priority:*int? dnsConfig:*PodDNSConfig?
  readinessGates:[]PodReadinessGate? runtimeClassName:*str? enableServiceLinks:*bool? preemptionPolicy:*str?
  overhead:{}quantity? topologySpreadConstraints:[]TopologySpreadConstraint?<topologyKey> setHostnameAsFQDN:*bool?
  os:*PodOS? hostUsers:*bool? schedulingGates:[]PodSchedulingGate?<name> resourceClaims:[]PodResourceClaim?<name>
  resources:*ResourceRequirements? hostnameOverride:*str? schedulingGroup:*PodSchedulingGroup?@36
  evictionResponders:[]EvictionResponder?<name>@37
PodTemplateSpec metadata:ObjectMeta? spec:PodSpec?
PortworxVolumeSource volumeID:str fsType:str? readOnly:bool?
PreferredSchedulingTerm weight:int preference:NodeSelectorTerm
Probe exec:*ExecAction? httpGet:*HTTPGetAction? tcpSocket:*TCPSocketAction? grpc:*GRPCAction? initialDelaySeconds:int?
  timeoutSeconds:int? periodSeconds:int? successThreshold:int? failureThreshold:int?
  terminationGracePeriodSeconds:*int?
ProjectedVolumeSource sources:[]VolumeProjection defaultMode:*int? defaultUser:*int?@37
QuobyteVolumeSource registry:str volume:str readOnly:bool? user:str? group:str? tenant:str?
RBDVolumeSource monitors:[]str image:str fsType:str? pool:str? user:str? keyring:str? secretRef:*LocalObjectReference?
  readOnly:bool?
ResourceClaim name:str request:str?
ResourceFieldSelector containerName:str? resource:str divisor:quantity?
ResourceRequirements limits:{}quantity? requests:{}quantity? claims:[]ResourceClaim?
RollingUpdateDaemonSet maxUnavailable:*intstr? maxSurge:*intstr?
RollingUpdateDeployment maxUnavailable:*intstr? maxSurge:*intstr?
SELinuxOptions user:str? role:str? type:str? level:str?
ScaleIOVolumeSource gateway:str system:str secretRef:*LocalObjectReference sslEnabled:bool? protectionDomain:str?
  storagePool:str? storageMode:str? volumeName:str? fsType:str? readOnly:bool?
SeccompProfile type:str localhostProfile:*str?
SecretEnvSource name:str? optional:*bool?
SecretKeySelector name:str? key:str optional:*bool?
SecretProjection name:str? items:[]KeyToPath? optional:*bool?
SecretVolumeSource secretName:str? items:[]KeyToPath? defaultMode:*int? optional:*bool? defaultUser:*int?@37
SecurityContext capabilities:*Capabilities? privileged:*bool? seLinuxOptions:*SELinuxOptions?
  windowsOptions:*WindowsSecurityContextOptions? runAsUser:*int? runAsGroup:*int? runAsNonRoot:*bool?
  readOnlyRootFilesystem:*bool? allowPrivilegeEscalation:*bool? procMount:*str? seccompProfile:*SeccompProfile?
  appArmorProfile:*AppArmorProfile?
ServiceAccountTokenProjection audience:str? expirationSeconds:*int? path:str user:*int?@37
SleepAction seconds:int
StorageOSVolumeSource volumeName:str? volumeNamespace:str? fsType:str? readOnly:bool? secretRef:*LocalObjectReference?
Sysctl name:str value:str
TCPSocketAction port:intstr host:str?
Toleration key:str? operator:str? value:str? effect:str? tolerationSeconds:*int?
TopologySpreadConstraint maxSkew:int topologyKey:str whenUnsatisfiable:str labelSelector:*LabelSelector?
  minDomains:*int? nodeAffinityPolicy:*str? nodeTaintsPolicy:*str? matchLabelKeys:[]str?
TypedLocalObjectReference apiGroup:*str kind:str name:str
TypedObjectReference apiGroup:*str kind:str name:str namespace:*str?
Volume name:str hostPath:*HostPathVolumeSource? emptyDir:*EmptyDirVolumeSource?
  gcePersistentDisk:*GCEPersistentDiskVolumeSource? awsElasticBlockStore:*AWSElasticBlockStoreVolumeSource?
  gitRepo:*GitRepoVolumeSource? secret:*SecretVolumeSource? nfs:*NFSVolumeSource? iscsi:*ISCSIVolumeSource?
  glusterfs:*GlusterfsVolumeSource? persistentVolumeClaim:*PersistentVolumeClaimVolumeSource? rbd:*RBDVolumeSource?
  flexVolume:*FlexVolumeSource? cinder:*CinderVolumeSource? cephfs:*CephFSVolumeSource? flocker:*FlockerVolumeSource?
  downwardAPI:*DownwardAPIVolumeSource? fc:*FCVolumeSource? azureFile:*AzureFileVolumeSource?
  configMap:*ConfigMapVolumeSource? vsphereVolume:*VsphereVirtualDiskVolumeSource? quobyte:*QuobyteVolumeSource?
  azureDisk:*AzureDiskVolumeSource? photonPersistentDisk:*PhotonPersistentDiskVolumeSource?
  projected:*ProjectedVolumeSource? portworxVolume:*PortworxVolumeSource? scaleIO:*ScaleIOVolumeSource?
  storageos:*StorageOSVolumeSource? csi:*CSIVolumeSource? ephemeral:*EphemeralVolumeSource? image:*ImageVolumeSource?
VolumeDevice name:str devicePath:str
VolumeMount name:str readOnly:bool? recursiveReadOnly:*str? mountPath:str subPath:str? mountPropagation:*str?
  subPathExpr:str? bindMountOptions:[]str?@37
VolumeProjection secret:*SecretProjection? downwardAPI:*DownwardAPIProjection? configMap:*ConfigMapProjection?
  serviceAccountToken:*ServiceAccountTokenProjection? clusterTrustBundle:*ClusterTrustBundleProjection?
  podCertificate:*PodCertificateProjection?
VolumeResourceRequirements limits:{}quantity? requests:{}quantity?
VsphereVirtualDiskVolumeSource volumePath:str fsType:str? storagePolicyName:str? storagePolicyID:str?
WeightedPodAffinityTerm weight:int podAffinityTerm:PodAffinityTerm
WindowsSecurityContextOptions gmsaCredentialSpecName:*str? gmsaCredentialSpec:*str? runAsUserName:*str?
  hostProcess:*bool?
"""
