# Brings a host back to before its cluster; run as root. Binaries, container runtime and images stay.
# all hosts at once: no member of etcd waits for the others to let it go
kubeadm reset --force --cleanup-tmp-dir --skip-phases=remove-etcd-member > /dev/null 2>&1
systemctl stop kubelet
rm -rf /var/lib/etcd

# what kubeadm leaves to the person
systemctl disable --now --quiet kubephase-pod-network 2> /dev/null
rm -rf /etc/kubernetes /etc/kubephase /etc/cni/net.d/* /var/lib/cni
ip link delete cni0 2> /dev/null
ip route show | awk '$2 == "via" && $1 ~ /^10\./ {print $1}' | xargs -rn1 ip route delete
nft flush ruleset

for left in /var/lib/etcd/member /var/lib/kubelet/config.yaml; do
    [ ! -e "$left" ] || { echo "still there: $left" >&2; exit 1; }
done
