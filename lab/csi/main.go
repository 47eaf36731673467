// The CSI driver of the Kubernetes project's own tests as a program, for Pods of tests. It keeps its volumes as folders
// of the node, and says so to the kubelet by itself (which elsewhere is the node-driver-registrar's part).
package main

import (
	"context"
	"flag"
	"net"
	"os"
	"path/filepath"

	"google.golang.org/grpc"
	"k8s.io/klog/v2"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
	"k8s.io/kubernetes/test/e2e/storage/drivers/csi-test/driver"
	"k8s.io/kubernetes/test/e2e/storage/drivers/csi-test/mock/service"
)

// registrar answers the kubelet, which finds its socket in plugins_registry.
type registrar struct {
	registration.UnimplementedRegistrationServer
	info *registration.PluginInfo
}

func (r registrar) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return r.info, nil
}

func (r registrar) NotifyRegistrationStatus(
	_ context.Context, status *registration.RegistrationStatus,
) (*registration.RegistrationStatusResponse, error) {
	klog.Infof("the kubelet registered the driver: %v %s", status.PluginRegistered, status.Error)
	return &registration.RegistrationStatusResponse{}, nil
}

// listen takes the place of a socket that an earlier process left.
func listen(path string) net.Listener {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		klog.Fatal(err)
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		klog.Fatal(err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		klog.Fatal(err)
	}
	return listener
}

func main() {
	klog.InitFlags(nil)
	name := flag.String("name", "folders.csi.test", "the driver's name")
	kubelet := flag.String("kubelet-directory", "/var/lib/kubelet", "where the kubelet looks for plugins")
	flag.Parse()
	socket := filepath.Join(*kubelet, "plugins", *name, "csi.sock")

	mock := service.New(service.Config{DriverName: *name, DisableAttach: true, PermissiveTargetPath: true, IO: service.OSDirIO{}})
	served := driver.NewCSIDriver(&driver.CSIDriverServers{Controller: mock, Identity: mock, Node: mock})
	if err := served.Start(listen(socket), nil); err != nil {
		klog.Fatal(err)
	}

	info := &registration.PluginInfo{
		Type: registration.CSIPlugin, Name: *name, Endpoint: socket, SupportedVersions: []string{"1.0.0"},
	}
	server := grpc.NewServer()
	registration.RegisterRegistrationServer(server, registrar{info: info})
	klog.Fatal(server.Serve(listen(filepath.Join(*kubelet, "plugins_registry", *name+"-reg.sock"))))
}
