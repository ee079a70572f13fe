package pinctrl

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/internal/packettest"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

func userdata(op lower.Opcode, actions ofp.Actions) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(op))
	return append(append(b, 0, 0, 0, 0), actions...)
}

// wire is all duties of the package and what they sent.
type wire struct {
	*duty.Runner
	sent    []*ofp.PacketOut
	resumed []*ofp.PacketIn
	told    []string
	deaf    bool // the log is full
}

func newWire() *wire {
	w := &wire{}
	w.Runner = duty.NewRunner(duty.Config{
		Out:    func(p *ofp.PacketOut) error { w.sent = append(w.sent, p); return nil },
		Resume: func(p *ofp.PacketIn) error { w.resumed = append(w.resumed, p); return nil },
	}, Refuse(), ND(), Log(func(m string) bool { w.told = append(w.told, m); return !w.deaf }, func() uint64 { return 0 }))
	return w
}

// stockPacket returns a packet of those that stock ovn-controller saw.
func stockPacket(t *testing.T, name string) packettest.StockPacket {
	t.Helper()
	for _, s := range packettest.Stock(t) {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no packet %q", name)
	return packettest.StockPacket{}
}

// lowered returns the userdata of the one controller action that a logical
// action becomes.
func lowered(t *testing.T, actions string) []byte {
	t.Helper()
	flows, err := lower.New().Flow(nil, &lower.Logical{Pipeline: lflow.Ingress, Match: "ip", Actions: actions}, 1, &lower.Env{Scope: lower.Datapath(1)})
	if err != nil {
		t.Fatal(err)
	}
	b := []byte(flows[0].Actions)
	// Header of the action (16 bytes), property header (4), userdata.
	n := int(b[18])<<8 | int(b[19])
	return b[20 : 16+n]
}

func TestReject(t *testing.T) {
	for _, name := range []string{"tcp4 syn", "udp4", "gre4", "sctp4 data", "tcp6 syn", "udp6", "icmp6 echo", "sctp6 init"} {
		s := stockPacket(t, name)
		w := newWire()
		userdata := lowered(t, "reject { outport <-> inport; next(pipeline=egress,table=5); };")
		w.Handle(&ofp.PacketIn{Packet: s.Sent, Userdata: userdata})
		if len(w.sent) != 1 || !bytes.Equal(w.sent[0].Packet, s.Answered) {
			t.Errorf("%s: sent %v", name, w.sent)
			continue
		}
		if got := string(w.sent[0].Actions); got != string(userdata[8:]) {
			t.Errorf("%s: through %s", name, w.sent[0].Actions)
		}
	}
}

// TestOneProtocol: the actions for one protocol leave the addresses to the
// nested actions, and refuse nothing else.
func TestOneProtocol(t *testing.T) {
	for _, c := range []struct {
		op    lower.Opcode
		name  string
		proto uint8 // of the answer; 0 for none
		code  byte  // of ICMP
	}{
		{lower.OpTCPReset, "tcp4 syn", packet.ProtoTCP, 0},
		{lower.OpTCPReset, "udp4", 0, 0},
		{lower.OpTCPReset, "tcp4 rst", 0, 0},
		{lower.OpSCTPAbort, "sctp6 init", packet.ProtoSCTP, 0},
		{lower.OpSCTPAbort, "tcp4 syn", 0, 0},
		{lower.OpICMP, "udp4", packet.ProtoICMP, 1},
		{lower.OpICMP, "tcp6 syn", packet.ProtoICMPv6, 1},
		{lower.OpICMP, "icmp4 error", 0, 0},
		{lower.OpICMP, "icmp6 error", 0, 0},
		{lower.OpICMP, "broadcast udp4", 0, 0},
		{lower.OpICMP4Error, "udp4 big", packet.ProtoICMP, 1},
		{lower.OpICMP6Error, "mld report", packet.ProtoICMPv6, 1},
		{lower.OpReject, "mld report", 0, 0},
		{lower.OpReject, "udp4 later fragment", 0, 0},
	} {
		s := stockPacket(t, c.name)
		w := newWire()
		w.Handle(&ofp.PacketIn{Packet: s.Sent, Userdata: userdata(c.op, "")})
		if st := w.Stats()[c.op.String()]; st != (duty.Stats{Handled: 1}) {
			t.Errorf("%s of %s: %+v", c.op, c.name, st)
		}
		if len(w.sent) == 0 {
			if c.proto != 0 {
				t.Errorf("%s of %s: no answer", c.op, c.name)
			}
			continue
		}
		asked, _ := packet.ParseDatagram(s.Sent)
		d, ok := packet.ParseDatagram(w.sent[0].Packet)
		if !ok || d.Proto != c.proto || d.Src != asked.Src || d.Dst != asked.Dst || d.Eth.Src != asked.Eth.Src {
			t.Errorf("%s of %s: %x", c.op, c.name, w.sent[0].Packet)
		}
		if c.code != 0 && d.Upper[1] != c.code {
			t.Errorf("%s of %s: code %d", c.op, c.name, d.Upper[1])
		}
	}
}

func TestFragMTU(t *testing.T) {
	for _, c := range []struct{ actions, packet string }{
		{"icmp4_error { eth.dst <-> eth.src; icmp4.type = 3; icmp4.code = 4; icmp4.frag_mtu = 1400; output; };", "udp4 big"},
		{"icmp6_error { icmp6.type = 2; icmp6.code = 0; icmp6.frag_mtu = 1400; output; };", "udp6 big"},
	} {
		w := newWire()
		w.Handle(&ofp.PacketIn{Packet: stockPacket(t, c.packet).Sent, Userdata: lowered(t, c.actions)})
		if len(w.sent) != 1 {
			t.Fatalf("%s: sent %v, %+v", c.actions, w.sent, w.Stats())
		}
		d, _ := packet.ParseDatagram(w.sent[0].Packet)
		if !bytes.Equal(d.Upper[4:8], []byte{0, 0, 0x05, 0x78}) {
			t.Errorf("%s: %x", c.actions, d.Upper[:8])
		}
	}
}

func TestInnerIP4Src(t *testing.T) {
	w := newWire()
	in := stockPacket(t, "icmp4 error")
	userdata := lowered(t, "icmp4.inner_ip4.src = 10.9.8.7; output;")
	w.Handle(&ofp.PacketIn{Packet: in.Sent, Userdata: userdata, Continuation: []byte{1}})
	if len(w.resumed) != 1 || len(w.sent) != 0 {
		t.Fatalf("resumed %v, %+v", w.resumed, w.Stats())
	}
	d, _ := packet.ParseDatagram(w.resumed[0].Packet)
	if !bytes.Equal(d.Upper[8+12:8+16], []byte{10, 9, 8, 7}) {
		t.Errorf("%x", d.Upper)
	}
	w.Handle(&ofp.PacketIn{Packet: stockPacket(t, "udp4").Sent, Userdata: userdata})
	w.Handle(&ofp.PacketIn{Packet: in.Sent, Userdata: userdata[:9]})
	if diff := cmp.Diff(duty.Stats{Handled: 1, Bad: 2}, w.Stats()[lower.OpInnerIP4Src.String()]); diff != "" {
		t.Error(diff)
	}
}

func TestRefuseBad(t *testing.T) {
	w := newWire()
	w.Handle(&ofp.PacketIn{Packet: stockPacket(t, "arp request").Sent, Userdata: userdata(lower.OpReject, "")})
	w.Handle(&ofp.PacketIn{Packet: nil, Userdata: userdata(lower.OpReject, "")})
	w.Handle(&ofp.PacketIn{Packet: stockPacket(t, "udp4").Sent, Metadata: "\x00", Userdata: userdata(lower.OpReject, "")})
	if diff := cmp.Diff(duty.Stats{Bad: 3}, w.Stats()["reject"]); diff != "" {
		t.Error(diff)
	}
	d := duty.NewRunner(duty.Config{Out: func(*ofp.PacketOut) error { return errors.New("full") }}, Refuse())
	d.Handle(&ofp.PacketIn{Packet: stockPacket(t, "udp4").Sent, Userdata: userdata(lower.OpReject, "")})
	if diff := cmp.Diff(duty.Stats{Unsent: 1}, d.Stats()["reject"]); diff != "" {
		t.Error(diff)
	}
}

// TestRejectCut: what stock ovn-controller 23.03 answered to packets that are
// shorter than their IP header claims, but for the bytes of its memory that it
// quoted behind them.
func TestRejectCut(t *testing.T) {
	const udp4, udp6 = "4500006400000000401164870a0001010a0001020bb80009000c000061626364",
		"6000000000641140fd000001000000000000000000000001fd0000010000000000000000000000020bb80009000c000061626364"
	for _, c := range []struct {
		name, packet string
		src          string
		head         [2]byte // type and code; 0: no answer
	}{
		{"udp4", udp4, "0.0.0.0", [2]byte{3, 3}},
		{"tcp4", "4500006400000000400664920a0001010a0001020bb90009000003e8000000005002006400000000", "0.0.0.0", [2]byte{3, 1}},
		{"icmp4 echo", "4500006400000000400164970a0001010a0001020800f7ff00000000", "0.0.0.0", [2]byte{3, 1}},
		{"gre4", "4500006400000000402f64690a0001010a00010200000800", "0.0.0.0", [2]byte{3, 1}},
		{"header alone", udp4[:40], "0.0.0.0", [2]byte{3, 3}},
		{"udp6", udp6, "::", [2]byte{1, 4}},
		{"tcp6", strings.Replace(udp6, "1140fd", "0640fd", 1), "::", [2]byte{1, 1}},
		{"ICMP error", "4500006400000000400164970a0001010a0001020301fcfe00000000", "", [2]byte{}},
		{"later fragment", "450000640000000a4011647d0a0001010a0001026162636461626364", "", [2]byte{}},
		{"shorter than its header says", "4500000a00000000401164e10a0001010a0001020bb80009000c0000", "", [2]byte{}},
		{"no header", udp4[:38], "", [2]byte{}},
	} {
		w := newWire()
		ip, err := hex.DecodeString(c.packet)
		if err != nil {
			t.Fatal(err)
		}
		frame := packet.Ethernet{Dst: packet.MAC{2, 2}, Src: packet.MAC{2, 1}, Type: packet.TypeIPv4}
		if ip[0]>>4 == 6 {
			frame.Type = packet.TypeIPv6
		}
		w.Handle(&ofp.PacketIn{Packet: append(frame.Append(nil), ip...), Userdata: lowered(t, "reject { outport <-> inport; output; };")})
		if c.src == "" {
			if len(w.sent) > 0 {
				t.Errorf("%s: sent %x", c.name, w.sent[0].Packet)
			}
			continue
		}
		if len(w.sent) != 1 {
			t.Errorf("%s: sent %d", c.name, len(w.sent))
			continue
		}
		d, ok := packet.ParseDatagram(w.sent[0].Packet)
		if !ok || d.Eth.Dst != frame.Src || d.Eth.Src != frame.Dst || d.Src.String() != c.src || d.Dst.String() != c.src ||
			[2]byte(d.Upper) != c.head || !bytes.Equal(d.Upper[8:], ip) {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}
