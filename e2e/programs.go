package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// needed are the programs that a sandbox runs, and their Debian packages.
var needed = []struct{ program, pkg string }{
	{"ip", "iproute2"}, {"nft", "nftables"}, {"awk", "mawk"}, {"ping", "iputils-ping"},
	{"ovs-vswitchd", "openvswitch-switch"}, {"ovsdb-server", "openvswitch-switch"}, {"ovs-vsctl", "openvswitch-switch"},
	{"ovn-nbctl", "ovn-common"}, {"ovn-sbctl", "ovn-common"},
}

// Missing says why sandboxes cannot be made here; empty if they can.
func Missing(b Backend) string {
	if os.Geteuid() != 0 {
		return "network namespaces need root"
	}
	want := needed
	if b.Name() == "ovn" {
		want = append(want[:len(want):len(want)], struct{ program, pkg string }{"ovn-northd", "ovn-central"}, struct{ program, pkg string }{"ovn-controller", "ovn-host"})
	}
	path := "/usr/sbin:/sbin:" + os.Getenv("PATH")
	var missing []string
	for _, n := range want {
		if !inPath(n.program, path) {
			missing = append(missing, n.program+" (package "+n.pkg+")")
		}
	}
	if len(missing) > 0 {
		return "not installed: " + strings.Join(missing, ", ") + "; `make deps` installs them"
	}
	return ""
}

func inPath(program, path string) bool {
	for _, dir := range filepath.SplitList(path) {
		if st, err := os.Stat(filepath.Join(dir, program)); err == nil && st.Mode()&0o111 != 0 && !st.IsDir() {
			return true
		}
	}
	return false
}

// Build compiles weft's programs to bin/ of the module and returns that
// directory. With E2E_BIN set it takes that one as it is.
func Build() (string, error) {
	if dir := os.Getenv("E2E_BIN"); dir != "" {
		return filepath.Abs(dir)
	}
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(root, "bin")
	cmd := exec.Command("go", "build", "-o", bin+"/", "./cmd/...")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("e2e: build: %w\n%s", err, out)
	}
	return bin, nil
}

func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("e2e: %w", err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == "/" {
			return "", errors.New("e2e: go.mod is nowhere above the current directory")
		}
	}
}
