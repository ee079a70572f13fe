package e2e

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

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// within runs f on a thread that is in the named network namespace. Sockets
// that f opens stay in it.
func within(ns string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		// Never unlocked where the way back fails: the thread then ends with
		// the goroutine.
		runtime.LockOSThread()
		done <- func() error {
			home, err := netns.Get()
			if err != nil {
				return fmt.Errorf("e2e: own namespace: %w", err)
			}
			defer home.Close()
			there, err := netns.GetFromName(ns)
			if err != nil {
				return fmt.Errorf("e2e: namespace %s: %w", ns, err)
			}
			defer there.Close()
			if err := netns.Set(there); err != nil {
				return fmt.Errorf("e2e: enter namespace %s: %w", ns, err)
			}
			ferr := f()
			if err := netns.Set(home); err != nil {
				return fmt.Errorf("e2e: leave namespace %s: %w", ns, err)
			}
			runtime.UnlockOSThread()
			return ferr
		}()
	}()
	return <-done
}

// sysctl sets net.* values in a namespace, given as "ipv4.conf.all.arp_ignore=1".
func sysctl(ns string, settings ...string) error {
	return within(ns, func() error {
		for _, s := range settings {
			key, value, _ := strings.Cut(s, "=")
			// Interface names may hold dots; ours do not.
			if err := os.WriteFile("/proc/sys/net/"+strings.ReplaceAll(key, ".", "/"), []byte(value), 0); err != nil {
				return fmt.Errorf("e2e: sysctl %s in %s: %w", s, ns, err)
			}
		}
		return nil
	})
}

// hardwareAddr is the MAC of an interface in a namespace.
func hardwareAddr(ns, dev string) (mac net.HardwareAddr, err error) {
	err = within(ns, func() error {
		i, err := net.InterfaceByName(dev)
		if err != nil {
			return fmt.Errorf("e2e: interface %s in %s: %w", dev, ns, err)
		}
		mac = i.HardwareAddr
		return nil
	})
	return mac, err
}

// ip runs `ip -batch` with the given lines, in the namespace if one is named.
func ip(ns string, lines ...string) error {
	args := []string{"-batch", "-"}
	if ns != "" {
		args = append([]string{"-n", ns}, args...)
	}
	cmd := exec.Command("ip", args...)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("e2e: ip in namespace %q: %w: %s\n%s", ns, err, bytes.TrimSpace(out), strings.Join(lines, "\n"))
	}
	return nil
}

// nsCommand prepares a program to run in a namespace. `ip netns exec` execs,
// so that the process is the program itself.
func nsCommand(ctx context.Context, ns string, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", ns}, args...)...)
	cmd.Env = env
	return cmd
}

// txOff turns checksum offload off: what leaves the interface must carry
// complete checksums, because the AF_PACKET port of the switch does not
// compute them. Needed at both ends, else TCP never connects.
func txOff(ns, dev string) error {
	const ethtoolSetTxCsum = 0x17
	return within(ns, func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("e2e: tx off %s: %w", dev, err)
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
			return fmt.Errorf("e2e: tx off %s in %s: %w", dev, ns, errno)
		}
		return nil
	})
}

// isolate hides an interface that Open vSwitch uses through AF_PACKET from the
// kernel's own stack, which would else answer ARP on it with a second MAC. The
// ingress hook comes after the packet taps: the switch still sees everything.
func isolate(ns string, devs ...string) error {
	var b strings.Builder
	b.WriteString("table netdev ovs {\n")
	for _, d := range devs {
		// The name of a chain may be no word of nft's language; any device's name may.
		fmt.Fprintf(&b, "chain on-%s {\ntype filter hook ingress device %q priority 0; policy drop;\n}\n", d, d)
	}
	b.WriteString("}\n")
	return within(ns, func() error {
		cmd := exec.Command("nft", "-f", "-")
		cmd.Stdin = strings.NewReader(b.String())
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("e2e: nft in %s: %w: %s", ns, err, bytes.TrimSpace(out))
		}
		return nil
	})
}
