package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Figures of packets that are translated, by real switches (userspace datapath): a
// host on the provider network and two VMs, all on one hypervisor, which is the
// gateway too. One VM has a floating IP of its own, the other is behind SNAT.
//
//   - connection-setup: UDP from a new port until it is answered: from the host to
//     the floating IP, and through SNAT to the host; the mean of 500 one after the
//     other, of 15 such rows the median;
//   - packet-time: 64-byte packets to the floating IP, more than the switch can take,
//     all of one connection: a second by those that arrive in it;
//   - lb-connection-setup, lb-round-trip: UDP from a new port through a load balancer of
//     the switch to the other VM, and the mean of 500 pings through it.
//
// Of all of them it is then the median of five runs, which each side has between
// those of the other.
const (
	fipSetup  = "fip-connection-setup"
	snatSetup = "snat-connection-setup"
	fipPacket = "fip-packet-time"
	lbSetup   = "lb-connection-setup"
	lbTrip    = "lb-round-trip"
)

var packetScene = scene{packets: true, measure: (*cloud).packets, figures: []spec{
	{name: fipSetup, goal: goal{ratio: 1}}, {name: snatSetup, goal: goal{ratio: 1}}, {name: fipPacket, goal: goal{ratio: 1}},
	{name: lbSetup, goal: goal{ratio: 1}}, {name: lbTrip, goal: goal{ratio: 1}}}}

// The cloud has one router. Its VMs 0 and 1 have floating IPs, that of 1 is where
// it is; VM 2 has none.
const fipVM, snatVM = 1, 2

// packets measures translated packets.
func (c *cloud) packets(ctx context.Context) error {
	if err := c.unheard(ctx, func() error { return fipCloud{1, 2}.write(c) }); err != nil {
		return err
	}
	if err := c.s.AddHypervisors(1); err != nil {
		return err
	}
	to, from := portName(0, fipVM), portName(0, snatVM)
	err := c.script(ctx,
		[]string{"exthost", "out", "40:44:00:00:16:01", provider + "/12"},
		[]string{"vm", to, "hv1", natMAC(0, fipVM), natIP(0, fipVM) + "/24", natHop(0)},
		[]string{"vm", from, "hv1", natMAC(0, snatVM), natIP(0, snatVM) + "/24", natHop(0)},
		[]string{"wait-up", to, from},
		[]string{"sync"},
		[]string{"serve", to, "udp", "7"},
		[]string{"serve", "out", "udp", "7"},
		[]string{"until", "ping", "out", fipOf(0, fipVM)},
		[]string{"until", "ping", from, provider},
		[]string{"sync"},
	)
	if err != nil {
		return err
	}
	return errors.Join(c.setups(ctx, fipSetup, "out", fipOf(0, fipVM)), c.setups(ctx, snatSetup, from, provider), c.stream(ctx, to), c.balanced(ctx, from, to))
}

// balanced gives the times through load balancers of the VMs' switch. It comes last:
// with them all packets of the switch are tracked.
func (c *cloud) balanced(ctx context.Context, from, to string) error {
	if !c.want(lbSetup, lbTrip) {
		return nil
	}
	const vip, whole, pings = "10.200.0.1", "10.200.0.2", 500
	err := c.script(ctx,
		[]string{"ovn-nbctl", "lb-add", "lb", vip + ":7", natIP(0, fipVM) + ":7", "udp", "--", "lb-add", "all", whole, natIP(0, fipVM),
			"--", "ls-lb-add", "sw0", "lb", "--", "ls-lb-add", "sw0", "all"},
		[]string{"sync"},
		[]string{"until", "ping", from, whole},
	)
	if err != nil {
		return err
	}
	if err := c.setups(ctx, lbSetup, from, vip); err != nil {
		return err
	}
	trip, err := c.median(ctx, repeats, lbTrip, func() (time.Duration, error) {
		var said bytes.Buffer
		if err := c.s.Do(ctx, c.s.Dir, &said, io.Discard, from, "ping", "-q", "-c", strconv.Itoa(pings), "-i", "0.002", whole); err != nil {
			return 0, err
		}
		_, text, _ := strings.Cut(said.String(), " = ") // min/avg/max/mdev
		part := strings.Split(text, "/")
		if len(part) < 2 {
			return 0, fmt.Errorf("bench: ping said %q", said.String())
		}
		return time.ParseDuration(part[1] + "ms")
	})
	if err != nil {
		return err
	}
	c.give(lbTrip, trip)
	return nil
}

// setups gives the time of a connection between two places.
func (c *cloud) setups(ctx context.Context, name, from, to string) error {
	const n = 500
	took, err := c.median(ctx, repeats, name, func() (time.Duration, error) {
		start := time.Now()
		err := c.do(ctx, "probe", from, "udp", to+":7", "-n", strconv.Itoa(n))
		return time.Since(start) / n, err
	})
	if err != nil {
		return err
	}
	c.give(name, took)
	return nil
}

// stream gives the time of a packet of many to the floating IP of a VM.
func (c *cloud) stream(ctx context.Context, vm string) error {
	const length = 3 * time.Second
	if err := c.do(ctx, "stream-start", "s", "out", "eth.dst="+fipMAC(0, fipVM), "ip4.dst="+fipOf(0, fipVM), "udp.src=9", "udp.dst=9", "size=60"); err != nil { // and the checksum of Ethernet
		return err
	}
	before, err := c.arrived(ctx, vm)
	if err != nil {
		return err
	}
	start := time.Now()
	cpu, err := c.s.CPU("hv1/vswitchd")
	if err != nil {
		return err
	}
	time.Sleep(length)
	after, err := c.arrived(ctx, vm)
	if err != nil {
		return err
	}
	took, n := time.Since(start), after-before
	used, err := c.s.CPU("hv1/vswitchd")
	if err != nil {
		return err
	}
	if n < 1000 {
		return fmt.Errorf("bench: %d packets arrived in %v", n, took)
	}
	c.note("%.0f packets a second, of the switch's processor time %v each", float64(n)/took.Seconds(), (used-cpu)/time.Duration(n))
	c.give(fipPacket, seconds(took/time.Duration(n)))
	return c.do(ctx, "stream-stop", "s", "1")
}

// arrived is the number of packets that a VM has received.
func (c *cloud) arrived(ctx context.Context, vm string) (int, error) {
	var said bytes.Buffer
	if err := c.s.Do(ctx, c.s.Dir, &said, io.Discard, vm, "cat", "/sys/class/net/eth0/statistics/rx_packets"); err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(said.String()))
}
