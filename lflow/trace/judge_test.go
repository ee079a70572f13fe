package trace

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// TestSequencesInSwitch: the flows of TestSequences, lowered to OpenFlow, make
// the same of the same packets in Open vSwitch, whose conntrack is judge.
func TestSequencesInSwitch(t *testing.T) {
	j := newJudge(t)
	for i, s := range sequences() {
		j.install(i, s.net)
		packets, want := s.steps()
		for i, text := range packets {
			if got := j.send(text); !matches(got, want[i]) {
				t.Errorf("%s: packet %d, %s\nOpen vSwitch:\n %s\nwant:\n %s", s.name, i, text, strings.Join(got, "\n "), strings.Join(want[i], "\n "))
			}
		}
	}
}

// judge is a switch with the ports of testNet.
type judge struct {
	*testing.T
	sw   *ovstest.Switch
	ctrl *ofctrl.Controller
	read map[string]int // bytes of what came out of each port
}

func newJudge(t *testing.T) *judge {
	j := &judge{T: t, sw: ovstest.StartBridge(t, testPorts...), read: map[string]int{}}
	for _, p := range testPorts {
		j.sw.Vsctl("set", "interface", p, "options:tx_pcap="+j.pcap(p))
	}
	j.ctrl = ofctrl.New(ofctrl.Config{Target: j.sw.Mgmt(), Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { _ = j.ctrl.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return j
}

func (j *judge) pcap(port string) string { return filepath.Join(j.sw.Dir, port+".pcap") }

// install replaces the flows; zones are new ones.
func (j *judge) install(round int, n *testNet) {
	j.Helper()
	flows := physical.Static()
	base := uint16(1 + 100*round)
	for i := range testPorts {
		flows = append(flows, physical.Local(physical.Port{Cookie: 1, Datapath: 1, Key: uint16(i + 1), Ofport: uint32(i + 1),
			Zones: physical.Zones{Port: base + uint16(i), DNAT: base + 10, SNAT: base + 11}})...)
	}
	want := ofctrl.OwnerFlows{Owner: "test"}
	conjunctions := uint32(1)
	env := &lower.Env{
		Scope:  lower.Datapath(1),
		Router: n.router,
		Port: func(name string) (p lower.Port, ok bool) {
			i := slices.Index(testPorts, name)
			return lower.Port{Key: uint32(i + 1)}, i >= 0
		},
		Group: func(_ string, body ofp.GroupBody) uint32 {
			id := uint32(len(want.Groups) + 1)
			want.Groups = append(want.Groups, ofctrl.Group{ID: id, Body: body})
			return id
		},
		Conjunctions: func(n int) uint32 {
			first := conjunctions
			conjunctions += uint32(n)
			return first
		},
	}
	l := lower.New()
	for i, f := range n.flows {
		lowered, err := l.Flow(nil, &lower.Logical{Pipeline: f.Pipeline, Table: uint8(f.Table), Priority: uint16(f.Priority), Match: f.Match, Actions: f.Actions}, uint64(i+2), env)
		if err != nil {
			j.Fatalf("%s: %s: %v", f.Match, f.Actions, err)
		}
		for _, o := range lowered {
			flows = append(flows, ofctrl.Flow(o))
		}
	}
	want.Flows = flows
	u := ofctrl.Update{Gen: int64(round + 1), Flows: []ofctrl.OwnerFlows{want}, Complete: true}
	j.ctrl.Update(u)
	for gen := range j.ctrl.Installed() {
		if gen >= u.Gen {
			break
		}
	}
	if s := j.ctrl.Status(); len(s.Refused) > 0 {
		j.Fatalf("refused: %+v", s.Refused)
	}
	j.sw.Settle()
}

// send returns what comes out of a packet.
func (j *judge) send(text string) []string {
	j.Helper()
	k := parsePacket(text)
	j.sw.Appctl("netdev-dummy/receive", k.from, fmt.Sprintf("%x", k.frame(j.T)))
	marker := append(bytes.Repeat([]byte{2}, 12), 0x88, 0xb5, byte(len(text)))
	j.sw.Appctl("netdev-dummy/receive", k.from, fmt.Sprintf("%x", append(marker, make([]byte, 46)...)))
	var out []string
	j.sw.Eventually("the marker behind "+text, func() bool {
		end := false
		for _, frame := range j.frames("probe") {
			if binary.BigEndian.Uint16(frame[12:]) == 0x88b5 {
				end = true
			} else {
				out = append(out, j.seen("probe", frame))
			}
		}
		return end
	})
	for _, p := range []string{"a", "b"} {
		for _, frame := range j.frames(p) {
			out = append(out, j.seen(p, frame))
		}
	}
	return out
}

// frames returns what has come out of a port since the last call.
func (j *judge) frames(port string) (frames [][]byte) {
	b, err := os.ReadFile(j.pcap(port))
	if err != nil {
		j.Fatal(err)
	}
	at := max(24, j.read[port]) // behind the header of the file
	for len(b) >= at+16 {
		n := int(binary.NativeEndian.Uint32(b[at+8:]))
		if len(b) < at+16+n {
			break
		}
		frames = append(frames, b[at+16:at+16+n])
		at += 16 + n
	}
	j.read[port] = at
	return frames
}

func (j *judge) seen(port string, frame []byte) string {
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.NoCopy)
	var t tuple
	var src lflow.MAC
	for _, l := range p.Layers() {
		switch l := l.(type) {
		case *layers.Ethernet:
			copy(src[:], l.SrcMAC)
		case *layers.IPv4:
			t.src, t.dst, t.proto = addr(l.SrcIP), addr(l.DstIP), uint8(l.Protocol)
		case *layers.IPv6:
			t.src, t.dst, t.proto = addr(l.SrcIP), addr(l.DstIP), uint8(l.NextHeader)
		case *layers.TCP:
			t.sport, t.dport = uint16(l.SrcPort), uint16(l.DstPort)
		case *layers.UDP:
			t.sport, t.dport = uint16(l.SrcPort), uint16(l.DstPort)
		}
	}
	return seenAt(port, t, src)
}

func addr(ip net.IP) netip.Addr {
	a, _ := netip.AddrFromSlice(ip)
	return a.Unmap()
}

// frame returns the packet in bytes.
func (k testPacket) frame(t *testing.T) []byte {
	t.Helper()
	eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 0}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 1, 0}, EthernetType: layers.EthernetTypeIPv4}
	if k.src.Is6() {
		eth.EthernetType = layers.EthernetTypeIPv6
	}
	return serialize(t, append([]gopacket.SerializableLayer{eth}, k.layers(t)...))
}

func serialize(t *testing.T, ls []gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ls...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// layers returns the packet from the IP header on.
func (k testPacket) layers(t *testing.T) []gopacket.SerializableLayer {
	proto := map[string]layers.IPProtocol{"tcp": protoTCP, "udp": protoUDP, "icmp4": protoICMP, "icmp6": protoICMP6}[k.proto]
	var ip interface {
		gopacket.SerializableLayer
		gopacket.NetworkLayer
	}
	if k.src.Is4() {
		ip = &layers.IPv4{Version: 4, TTL: 64, TOS: k.dscp << 2, Protocol: proto, SrcIP: k.src.AsSlice(), DstIP: k.dst.AsSlice()}
	} else {
		ip = &layers.IPv6{Version: 6, HopLimit: 64, TrafficClass: k.dscp << 2, NextHeader: proto, SrcIP: k.src.AsSlice(), DstIP: k.dst.AsSlice()}
	}
	ls := []gopacket.SerializableLayer{ip}
	switch k.proto {
	case "tcp":
		f := k.tcpFlags()
		l := &layers.TCP{SrcPort: layers.TCPPort(k.sport), DstPort: layers.TCPPort(k.dport), Seq: 1, Window: 1000,
			FIN: f&tcpFIN != 0, SYN: f&tcpSYN != 0, RST: f&tcpRST != 0, ACK: f&tcpACK != 0}
		if l.ACK {
			l.Ack = 2
			l.Seq = 2
		}
		if l.SYN {
			l.Seq = 1
		}
		_ = l.SetNetworkLayerForChecksum(ip)
		ls = append(ls, l)
	case "udp":
		l := &layers.UDP{SrcPort: layers.UDPPort(k.sport), DstPort: layers.UDPPort(k.dport)}
		_ = l.SetNetworkLayerForChecksum(ip)
		ls = append(ls, l)
	case "icmp4":
		ls = append(ls, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(k.kind, k.code)})
	case "icmp6":
		l := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(k.kind, k.code)}
		_ = l.SetNetworkLayerForChecksum(ip)
		ls = append(ls, l, gopacket.Payload(make([]byte, 4))) // identifier and number
	}
	if k.quoted != nil {
		ls = append(ls, gopacket.Payload(serialize(t, k.quoted.layers(t))))
	}
	return ls
}
