package bfd

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

func id(s string) schema.UUID { return schema.NameUUID(s) }

// world is an agent with a gateway router, and without a switch or an etcd.
type world struct {
	*duty.Runner
	t        *testing.T
	tab      *tables.Tables
	now      *time.Time
	sent     []*ofp.PacketOut
	statuses []string
}

const routerKey, mac = 6, "40:44:00:00:00:01"

// newWorld has the port r1, with key 3, of a gateway router on this chassis.
func newWorld(t *testing.T, networks string, now *time.Time) *world {
	w := &world{t: t, tab: tables.New(), now: now}
	w.Runner = duty.NewRunner(duty.Config{
		Rate: 1e6, Now: func() time.Time { return *now },
		Out: func(p *ofp.PacketOut) error { w.sent = append(w.sent, p); return nil },
	}, newSpeaker(func() float64 { return 0.5 }).duty())
	w.tab.Follow(tables.AllDatapaths)
	w.tab.Self.Set(struct{}{}, tables.Self{Name: "hv1"})
	kind := "logical-router"
	w.tab.Datapaths.Set(id("r"), &sb.DatapathBinding{TunnelKey: routerKey, Type: &kind})
	w.tab.Datapaths.Set(id("s"), &sb.DatapathBinding{TunnelKey: 5})
	w.host("hv1", networks)
	w.tab.Ports.Set(id("vm"), tables.Port{Name: "vm", Datapath: id("s"), Key: 2})
	w.tab.SetInterface(binding.Interface{UUID: "if", Name: "vm", ID: "vm", Ofport: 1})
	return w
}

// host says on which chassis the gateway router is.
func (w *world) host(chassis, networks string) {
	row := &sb.PortBinding{
		LogicalPort: "r1", Type: "l3gateway", Datapath: id("r"), TunnelKey: 3, MAC: []string{mac + " " + networks},
		Options: map[string]string{"peer": "s1", "l3gateway-chassis": chassis},
	}
	w.tab.Ports.Set(id("r1"), tables.PortOf(row))
	w.tab.Ports.Set(id("s1"), tables.Port{Name: "s1", Datapath: id("s"), Key: 1, Type: "patch", Peer: "r1"})
}

func row(peer string) *sb.BFD {
	return &sb.BFD{LogicalPort: "r1", DstIP: peer, SrcPort: 50000, Disc: 77, MinTX: 200, MinRX: 200, DetectMult: 3}
}

func (w *world) commit() {
	w.tab.Engine.Commit()
	if err := w.tab.Engine.Check(); err != nil {
		w.t.Fatal(err)
	}
	w.Read(w.tab)
	w.Hear()
	w.collect()
}

// collect takes the records, and gives them back as etcd does.
func (w *world) collect() {
	for _, r := range w.Records() {
		if r.Value == nil {
			w.statuses = append(w.statuses, "gone")
			w.tab.BFDStatus.Delete(tables.RecordOf{Chassis: "hv1", Row: r.Row})
			continue
		}
		got, err := schema.DecodeRow(sb.Schema().Table(r.Table), r.Row, r.Value)
		if err != nil {
			w.t.Fatal(err)
		}
		w.statuses = append(w.statuses, got.(*sb.BFD).Status)
		w.tab.BFDStatus.Set(tables.RecordOf{Chassis: "hv1", Row: r.Row}, struct{}{})
		w.Seen(r.Table, r.Row, r.Value)
		w.Hear()
	}
}

func (w *world) want(what string, want ...string) {
	w.t.Helper()
	w.collect()
	if diff := cmp.Diff(want, w.statuses); diff != "" {
		w.t.Errorf("%s: %s", what, diff)
	}
	w.statuses = nil
}

// in is a control packet as the flows of a port send it.
func in(port uint64, frame []byte) *ofp.PacketIn {
	var m ofp.MatchBuilder
	m.Set(ofp.Metadata, 1<<40|routerKey)
	m.Set(ofp.Reg14, port)
	return &ofp.PacketIn{Packet: frame, Metadata: m.Match(), Userdata: append(binary.BigEndian.AppendUint32(nil, uint32(lower.OpBFD)), 0, 0, 0, 0)}
}

// TestTwoAgents: two agents find that both are alive, over either family, and that
// one is not.
func TestTwoAgents(t *testing.T) {
	for _, c := range []struct{ a, b, net string }{{"10.0.0.1", "10.0.0.2", "/24"}, {"fd00::1", "fd00::2", "/64"}, {"fe80::4244:ff:fe00:1", "fe80::2", "/64"}} {
		now := time.Unix(1000, 0)
		a, b := newWorld(t, c.a+c.net, &now), newWorld(t, c.b+c.net, &now)
		a.tab.BFD.Set(id("x"), row(c.b))
		b.tab.BFD.Set(id("x"), row(c.a))
		for _, w := range []*world{a, b} {
			w.commit()
		}
		a.want(c.a+": begins", "down")
		pass := func(d time.Duration, cut bool) {
			for end := now.Add(d); now.Before(end); now = now.Add(10 * time.Millisecond) {
				a.Tick()
				b.Tick()
				for len(a.sent)+len(b.sent) > 0 {
					fromA, fromB := a.sent, b.sent
					a.sent, b.sent = nil, nil
					for _, p := range fromA {
						b.Handle(in(3, p.Packet))
					}
					for _, p := range fromB {
						if !cut {
							a.Handle(in(3, p.Packet))
						}
					}
				}
				a.collect()
				b.collect()
			}
		}
		pass(3*time.Second, false)
		a.want(c.a+": both are there", "up")
		b.want(c.b+": both are there", "down", "up")
		pass(5*time.Second, false)
		a.want(c.a + ": records that say nothing new")
		pass(700*time.Millisecond, true)
		a.want(c.a+": silence", "down")
		b.want(c.b+": is told", "down")
		if n := a.Stats()["handle_bfd_msg"]; n.Bad != 0 || n.Limited != 0 || n.Handled == 0 {
			t.Errorf("%s: %+v", c.a, n)
		}
	}
}

// TestPacket: what is sent, and what is not listened to.
func TestPacket(t *testing.T) {
	now := time.Unix(1000, 0)
	w := newWorld(t, "10.0.9.1/24 10.0.0.1/24", &now)
	w.tab.BFD.Set(id("x"), row("10.0.0.2"))
	w.commit()
	now = now.Add(time.Second)
	w.Tick()
	if len(w.sent) != 1 {
		t.Fatalf("%d packets", len(w.sent))
	}
	p := w.sent[0]
	d, ok := packet.ParseDatagram(p.Packet)
	udp, payload, is := packet.ParseUDP(d.Upper)
	msg, control := packet.ParseBFD(payload)
	if !ok || !is || !control || d.Src.String() != "10.0.0.1" || d.Dst.String() != "10.0.0.2" || d.TTL() != 255 || udp != (packet.UDP{Src: 50000, Dst: 3784}) ||
		d.Eth.Dst != d.Eth.Src || msg != (packet.BFD{State: packet.BFDDown, Mult: 3, Mine: 77, MinTX: 1e6, MinRX: 2e5}) {
		t.Errorf("%+v %+v %+v", d, udp, msg)
	}
	fields := map[ofp.Field]uint64{}
	_ = p.Fields.Fields(func(f ofp.Field, v, _ ofp.U128) bool { fields[f] = v.Lo; return true })
	if fields[ofp.Metadata] != routerKey || fields[ofp.Reg14] != 3 {
		t.Errorf("fields %s", p.Fields)
	}

	answer := func(src, dst string, ttl uint8, m packet.BFD) []byte {
		return packet.UDP{Src: 49152, Dst: 3784}.Datagram(nil, packet.Ethernet{Type: packet.TypeIPv4}, netip.MustParseAddr(src), netip.MustParseAddr(dst), ttl, m.Append(nil))
	}
	good := packet.BFD{State: packet.BFDDown, Mult: 3, Mine: 5, MinTX: 1e6, MinRX: 1e6}
	for _, c := range []struct {
		why   string
		port  uint64
		frame []byte
	}{
		{"over a router", 3, answer("10.0.0.2", "10.0.0.1", 254, good)},
		{"somebody else", 3, answer("10.0.0.3", "10.0.0.1", 255, good)},
		{"to another address", 3, answer("10.0.0.2", "10.0.9.1", 255, good)},
		{"by another port", 4, answer("10.0.0.2", "10.0.0.1", 255, good)},
		{"to another session", 3, answer("10.0.0.2", "10.0.0.1", 255, packet.BFD{State: packet.BFDInit, Mult: 3, Mine: 5, Yours: 78})},
		{"no control packet", 3, answer("10.0.0.2", "10.0.0.1", 255, packet.BFD{})},
		{"nothing", 3, []byte{1, 2, 3}},
	} {
		before := w.Stats()["handle_bfd_msg"].Bad
		w.Handle(in(c.port, c.frame))
		if w.Stats()["handle_bfd_msg"].Bad != before+1 {
			t.Errorf("%s: is listened to", c.why)
		}
	}
	w.want("nobody was heard", "down")
	w.Handle(in(3, answer("10.0.0.2", "10.0.0.1", 255, good)))
	w.want("the peer was", "init")
}

// TestPlace: a session runs where the router's port is, and nowhere else; a record
// goes with it.
func TestPlace(t *testing.T) {
	now := time.Unix(1000, 0)
	w := newWorld(t, "10.0.0.1/24", &now)
	w.host("hv2", "10.0.0.1/24")
	w.tab.BFD.Set(id("x"), row("10.0.0.2"))
	w.commit()
	w.want("it is elsewhere")
	w.host("hv1", "10.0.0.1/24")
	w.commit()
	w.want("it comes", "down")
	rests := row("10.0.0.2")
	rests.Options = map[string]string{"admin_down": "true"}
	w.tab.BFD.Set(id("x"), rests)
	w.commit()
	w.want("nobody uses it", "admin_down")
	now = now.Add(10 * time.Second)
	w.Tick()
	w.sent = nil
	now = now.Add(10 * time.Second)
	w.Tick()
	if len(w.sent) > 0 {
		t.Error("a session that rests speaks for ever")
	}
	w.tab.BFD.Set(id("x"), row("10.0.0.2"))
	w.commit()
	w.want("somebody does", "down")
	w.Seen("BFD", id("x"), nil)
	w.Hear()
	w.want("somebody has taken the record away", "down")
	w.host("hv2", "10.0.0.1/24")
	w.commit()
	w.want("it goes", "gone")
	w.Seen("BFD", id("x"), nil)
	w.host("hv1", "10.0.0.1/24")
	w.commit()
	w.want("it comes back", "down")
	w.tab.BFD.Delete(id("x"))
	w.commit()
	w.want("the row is gone", "gone")
	now = now.Add(10 * time.Second)
	w.sent = nil
	w.Tick()
	if len(w.sent) > 0 {
		t.Error("a session that is gone speaks")
	}
}

// TestEarlierRun: what an earlier run has said stays while it is still true.
func TestEarlierRun(t *testing.T) {
	now := time.Unix(1000, 0)
	w := newWorld(t, "10.0.0.1/24", &now)
	value := func(status string) []byte {
		return schema.EncodeRow(sb.Schema().Table("BFD"), &sb.BFD{Status: status}, func(c *schema.Column) bool { return c.Owner == schema.OwnerChassis })
	}
	for _, name := range []string{"x", "lost"} {
		w.Seen("BFD", id(name), value("up"))
		w.tab.BFDStatus.Set(tables.RecordOf{Chassis: "hv1", Row: id(name)}, struct{}{})
	}
	w.Hear()
	w.tab.BFD.Set(id("x"), row("10.0.0.2"))
	w.commit()
	w.want("one is up as before, the row of the other is gone", "gone")
	if len(w.sent) > 0 {
		t.Error("it speaks before it knows the peer")
	}
	now = now.Add(600 * time.Millisecond)
	w.Tick()
	w.want("the peer is silent", "down")
}
