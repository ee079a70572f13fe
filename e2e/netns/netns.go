package netns

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"unsafe"

	vnetns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Within runs f on a thread that is in the named network namespace. Sockets
// that f opens stay in it.
func Within(ns string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		// Never unlocked where the way back fails: the thread then ends with
		// the goroutine.
		runtime.LockOSThread()
		done <- func() error {
			home, err := vnetns.Get()
			if err != nil {
				return fmt.Errorf("netns: own namespace: %w", err)
			}
			defer home.Close()
			there, err := vnetns.GetFromName(ns)
			if err != nil {
				return fmt.Errorf("netns: namespace %s: %w", ns, err)
			}
			defer there.Close()
			if err := vnetns.Set(there); err != nil {
				return fmt.Errorf("netns: enter namespace %s: %w", ns, err)
			}
			ferr := f()
			if err := vnetns.Set(home); err != nil {
				return fmt.Errorf("netns: leave namespace %s: %w", ns, err)
			}
			runtime.UnlockOSThread()
			return ferr
		}()
	}()
	return <-done
}

// Sysctl sets net.* values in a namespace, given as "ipv4.conf.all.arp_ignore=1".
func Sysctl(ns string, settings ...string) error {
	return Within(ns, func() error {
		for _, s := range settings {
			key, value, _ := strings.Cut(s, "=")
			// Interface names may hold dots; ours do not.
			if err := os.WriteFile("/proc/sys/net/"+strings.ReplaceAll(key, ".", "/"), []byte(value), 0); err != nil {
				return fmt.Errorf("netns: sysctl %s in %s: %w", s, ns, err)
			}
		}
		return nil
	})
}

// HardwareAddr is the MAC of an interface in a namespace.
func HardwareAddr(ns, dev string) (mac net.HardwareAddr, err error) {
	err = Within(ns, func() error {
		i, err := net.InterfaceByName(dev)
		if err != nil {
			return fmt.Errorf("netns: interface %s in %s: %w", dev, ns, err)
		}
		mac = i.HardwareAddr
		return nil
	})
	return mac, err
}

// IP runs `ip -batch` with the given lines, in the namespace if one is named.
func IP(ns string, lines ...string) error {
	args := []string{"-batch", "-"}
	if ns != "" {
		args = append([]string{"-n", ns}, args...)
	}
	cmd := exec.Command("ip", args...)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("netns: ip in namespace %q: %w: %s\n%s", ns, err, bytes.TrimSpace(out), strings.Join(lines, "\n"))
	}
	return nil
}

// Command prepares a program to run in a namespace. `ip netns exec` execs,
// so that the process is the program itself.
func Command(ctx context.Context, ns string, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", ns}, args...)...)
	cmd.Env = env
	return cmd
}

// TxOff turns checksum offload off: what leaves the interface must carry
// complete checksums, because the AF_PACKET port of the switch does not
// compute them. Needed at both ends, else TCP never connects.
func TxOff(ns, dev string) error {
	const ethtoolSetTxCsum = 0x17
	return Within(ns, func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("netns: tx off %s: %w", dev, err)
		}
		defer unix.Close(fd)
		value := [2]uint32{ethtoolSetTxCsum, 0}
		var req struct {
			name [unix.IFNAMSIZ]byte
			data unsafe.Pointer
			_    [16]byte
		}
		copy(req.name[:unix.IFNAMSIZ-1], dev)
		req.data = unsafe.Pointer(&value)
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req))); errno != 0 {
			return fmt.Errorf("netns: tx off %s in %s: %w", dev, ns, errno)
		}
		return nil
	})
}

// Isolate hides an interface that Open vSwitch uses through AF_PACKET from the
// kernel's own stack, which would else answer ARP on it with a second MAC. The
// ingress hook comes after the packet taps: the switch still sees everything.
func Isolate(ns string, devs ...string) error {
	var b strings.Builder
	b.WriteString("table netdev ovs {\n")
	for _, d := range devs {
		// The name of a chain may be no word of nft's language; any device's name may.
		fmt.Fprintf(&b, "chain on-%s {\ntype filter hook ingress device %q priority 0; policy drop;\n}\n", d, d)
	}
	b.WriteString("}\n")
	return Within(ns, func() error {
		cmd := exec.Command("nft", "-f", "-")
		cmd.Stdin = strings.NewReader(b.String())
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("netns: nft in %s: %w: %s", ns, err, bytes.TrimSpace(out))
		}
		return nil
	})
}
