package e2e

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/weft-sdn/weft/e2e/netns"
)

// access joins an interface without VLAN tags to one whose frames have a tag: an
// access port and its trunk. It copies frames from one to the other itself,
// because many kernels have no 802.1Q.
type access struct {
	ns, port, trunk string
	tag             uint16
	taps            []*netns.Tap
	outs            []*os.File
}

func (a *access) open() error {
	var outs [2]*os.File
	for i, dev := range []string{a.port, a.trunk} {
		f, err := netns.PacketSocket(a.ns, dev, 0)
		if err != nil {
			return err
		}
		outs[i] = f
		a.outs = append(a.outs, f)
	}
	port, trunk := outs[0], outs[1]
	for dev, pass := range map[string]func([]byte){
		a.port: func(frame []byte) { _, _ = trunk.Write(pushTag(frame, a.tag)) }, // what does not fit is lost, as on a wire
		a.trunk: func(frame []byte) {
			if rest, ok := popTag(frame, a.tag); ok {
				_, _ = port.Write(rest)
			}
		},
	} {
		t, err := netns.OpenTap(a.ns, dev, func(frame []byte, out bool) {
			if !out {
				pass(frame)
			}
		})
		if err != nil {
			return err
		}
		a.taps = append(a.taps, t)
	}
	return nil
}

func (a *access) close() {
	for _, t := range a.taps {
		t.Close()
	}
	for _, f := range a.outs {
		f.Close()
	}
	a.taps, a.outs = nil, nil
}

// drained tells whether all that has arrived has been passed on.
func (a *access) drained() bool {
	for _, t := range a.taps {
		if !t.Drained() {
			return false
		}
	}
	return true
}

// ethAddrs is the length of an Ethernet header's addresses, vlanTag that of a tag.
const ethAddrs, vlanTag = 12, 4

func pushTag(frame []byte, tag uint16) []byte {
	if len(frame) < ethAddrs {
		return frame
	}
	b := append(make([]byte, 0, len(frame)+vlanTag), frame[:ethAddrs]...)
	b = binary.BigEndian.AppendUint16(b, unix.ETH_P_8021Q)
	b = binary.BigEndian.AppendUint16(b, tag)
	return append(b, frame[ethAddrs:]...)
}

// popTag takes off the outer tag, if it is that one.
func popTag(frame []byte, tag uint16) ([]byte, bool) {
	const vid = 0xfff // the rest is priority
	if len(frame) < ethAddrs+vlanTag || binary.BigEndian.Uint16(frame[ethAddrs:]) != unix.ETH_P_8021Q || binary.BigEndian.Uint16(frame[ethAddrs+2:])&vid != tag {
		return nil, false
	}
	return append(append(make([]byte, 0, len(frame)), frame[:ethAddrs]...), frame[ethAddrs+vlanTag:]...), true
}

func vlanID(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 12)
	if err != nil || n == 0 || n == 4095 {
		return 0, fmt.Errorf("%w: %q is no VLAN tag", errUsage, s)
	}
	return uint16(n), nil
}

// quiet keeps the kernel off an interface that only packet sockets use.
func quiet(ns string, devs ...string) error {
	for _, d := range devs {
		if err := netns.Sysctl(ns, "ipv6.conf."+d+".disable_ipv6=1"); err != nil {
			return err
		}
	}
	return netns.Isolate(ns, devs...)
}

// AddContainer makes a container in a VM: a namespace whose eth0 leads to the
// VM's, where its frames have a VLAN tag.
func (s *Sandbox) AddContainer(vm string, tag uint16, c VMConfig) (*VM, error) {
	p, err := s.VM(vm)
	if err != nil {
		return nil, err
	}
	v, err := s.newVM(c)
	if err != nil {
		return nil, err
	}
	v.parent = p
	v.access = &access{ns: p.ns, port: v.dev, trunk: "eth0", tag: tag}
	if err := v.link(p.ns); err != nil {
		return nil, err
	}
	if err := quiet(p.ns, v.dev); err != nil {
		return nil, err
	}
	return v, v.access.open()
}

// link makes eth0, with the other end in the namespace.
func (v *VM) link(ns string) (err error) {
	mac := ""
	if v.MAC != nil {
		mac = " address " + v.MAC.String()
	}
	if err := netns.IP(ns, fmt.Sprintf("link add name %s mtu %d type veth peer name eth0%s mtu %[2]d netns %[4]s", v.dev, v.MTU, mac, v.ns),
		"link set dev "+v.dev+" up"); err != nil {
		return err
	}
	if v.MAC == nil {
		if v.MAC, err = netns.HardwareAddr(v.ns, "eth0"); err != nil {
			return err
		}
	}
	return v.configure()
}

// AddExternal makes a host on the provider network, or if tag is not 0 on that
// VLAN of it.
func (s *Sandbox) AddExternal(tag uint16, c VMConfig) (*VM, error) {
	v, err := s.newVM(c)
	if err != nil {
		return nil, err
	}
	fab := s.ns("fab")
	if err := v.link(fab); err != nil {
		return nil, err
	}
	if tag == 0 {
		return v, netns.IP(fab, "link set dev "+v.dev+" master ext")
	}
	s.trunks++
	near, far := fmt.Sprint("trunk", s.trunks), fmt.Sprint("vlan", s.trunks)
	if err := netns.IP(fab, fmt.Sprintf("link add name %s type veth peer name %s", near, far),
		"link set dev "+near+" up", "link set dev "+far+" master ext up"); err != nil {
		return nil, err
	}
	if err := quiet(fab, v.dev, near); err != nil {
		return nil, err
	}
	v.access = &access{ns: fab, port: v.dev, trunk: near, tag: tag}
	return v, v.access.open()
}

// containers are those of a VM.
func (v *VM) containers() []*VM {
	var all []*VM
	for _, x := range v.s.vms {
		if x.parent == v {
			all = append(all, x)
		}
	}
	return all
}
