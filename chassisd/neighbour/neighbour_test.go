package neighbour

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/internal/packettest"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// world is an agent with a router, and without a switch or an etcd.
type world struct {
	*duty.Runner
	t    *testing.T
	tab  *tables.Tables
	now  time.Time
	sent []*ofp.PacketOut
	asks int // how often the switch was asked for the use of flows
}

func id(s string) schema.UUID { return schema.NameUUID(s) }

const routerKey = 6

// newWorld has the port r1, with key 1, of a router that is reached.
func newWorld(t *testing.T, aging string) *world {
	w := &world{t: t, tab: tables.New(), now: time.Unix(1000, 0)}
	w.Runner = duty.NewRunner(duty.Config{
		Rate: 1e6, Now: func() time.Time { return w.now },
		Out:   func(p *ofp.PacketOut) error { w.sent = append(w.sent, p); return nil },
		Count: func(uint8, uint64) error { w.asks++; return nil },
	}, Duty(slog.New(slog.DiscardHandler)))
	w.tab.Follow(tables.AllDatapaths)
	w.tab.Self.Set(struct{}{}, tables.Self{Name: "hv1"})
	kind := "logical-router"
	row := &sb.DatapathBinding{TunnelKey: routerKey, Type: &kind}
	if aging != "" {
		row.ExternalIDs = map[string]string{"mac_binding_age_threshold": aging}
	}
	w.tab.Datapaths.Set(id("r"), row)
	w.tab.Ports.Set(id("r1"), tables.Port{Name: "r1", Datapath: id("r"), Key: 1, Type: "patch", Peer: "s1", Addresses: "40:44:00:00:ff:01 10.0.0.254/24 fd00::ff/64"})
	w.tab.Ports.Set(id("s1"), tables.Port{Name: "s1", Datapath: id("s"), Key: 1, Type: "patch", Peer: "r1"})
	w.tab.Ports.Set(id("vm"), tables.Port{Name: "vm", Datapath: id("s"), Key: 2})
	w.tab.Datapaths.Set(id("s"), &sb.DatapathBinding{TunnelKey: 5})
	w.tab.SetInterface(binding.Interface{UUID: "if", Name: "vm", ID: "vm", Ofport: 1})
	w.commit()
	return w
}

func (w *world) commit() {
	w.tab.Engine.Commit()
	if err := w.tab.Engine.Check(); err != nil {
		w.t.Fatal(err)
	}
	w.Read(w.tab)
	w.Hear()
}

// in is a packet for the duty, as the flows of a router's port send it.
func in(op lower.Opcode, reg ofp.Field, port uint64, ip string, frame []byte) *ofp.PacketIn {
	var m ofp.MatchBuilder
	m.Set(ofp.Metadata, 1<<40|routerKey)
	m.Set(reg, port)
	var b [16]byte
	if addr := netip.MustParseAddr(ip); addr.Is4() {
		v4 := addr.As4()
		copy(b[:], v4[:])
	} else {
		b = addr.As16()
	}
	for i := range 4 {
		m.Set(ofp.Reg(i), uint64(binary.BigEndian.Uint32(b[4*i:])))
	}
	ud := append(binary.BigEndian.AppendUint32(nil, uint32(op)), 0, 0, 0, 0)
	return &ofp.PacketIn{Packet: append([]byte{}, frame...), Metadata: m.Match(), Userdata: append(ud, "nested"...)}
}

// put tells the duty of a neighbour.
func (w *world) put(ip, mac string, port uint64) {
	m, err := packet.ParseMAC(mac)
	if err != nil {
		w.t.Fatal(err)
	}
	op := lower.OpPutARP
	if netip.MustParseAddr(ip).Is6() {
		op = lower.OpPutND
	}
	w.Handle(in(op, ofp.Reg14, port, ip, packet.Ethernet{Src: m, Type: packet.TypeARP}.Append(nil)))
}

// records are those that the duty has changed, "ip mac time" or "gone".
func (w *world) records() (out []string) {
	for _, r := range w.Records() {
		if r.Value == nil {
			out = append(out, "gone")
			continue
		}
		row, err := schema.DecodeRow(sb.Schema().Table(r.Table), r.Row, r.Value)
		if err != nil {
			w.t.Fatal(err)
		}
		b := row.(*sb.MACBinding)
		if b.Datapath != id("r") || b.LogicalPort != "r1" {
			w.t.Errorf("record %+v", b)
		}
		out = append(out, fmt.Sprint(b.IP, " ", b.MAC, " ", b.Timestamp))
	}
	return out
}

func (w *world) want(what string, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.records()); diff != "" {
		w.t.Errorf("%s: %s", what, diff)
	}
}

// bind is what etcd then tells of a record.
func (w *world) bind(chassis, ip, mac string, at int64) {
	m, _ := packet.ParseMAC(mac)
	w.tab.MACBindings.Set(tables.RecordOf{Chassis: chassis, Row: schema.NameUUID("MAC_Binding", "r1", ip)},
		tables.MACBinding{Datapath: id("r"), Port: "r1", IP: netip.MustParseAddr(ip), MAC: m, Time: at})
	w.commit()
}

const mac1, mac2 = "40:44:00:00:00:01", "40:44:00:00:00:02"

// TestLearn: a neighbour is recorded once, by one agent, and again when it moves.
func TestLearn(t *testing.T) {
	w := newWorld(t, "")
	w.put("10.0.0.9", mac1, 1)
	w.want("new", "10.0.0.9 "+mac1+" 1000000")
	w.put("10.0.0.9", mac1, 1)
	w.want("on its way to etcd")
	w.bind("hv1", "10.0.0.9", mac1, 1_000_000)
	w.put("10.0.0.9", mac1, 1)
	w.want("known")
	w.now = w.now.Add(time.Second)
	w.put("10.0.0.9", mac2, 1)
	w.want("moved", "10.0.0.9 "+mac2+" 1001000")
	w.bind("hv1", "10.0.0.9", mac2, 1_001_000)
	w.bind("hv2", "10.0.0.9", mac1, 1_002_000)
	w.now = w.now.Add(2 * time.Second)
	w.put("10.0.0.9", mac2, 1)
	w.want("moved back, after another agent has seen it elsewhere", "10.0.0.9 "+mac2+" 1003000")
	w.put("fd00::9", mac1, 1)
	w.want("IPv6", "fd00::9 "+mac1+" 1003000")
	w.bind("hv2", "10.0.0.8", mac1, 1)
	w.put("10.0.0.8", mac1, 1)
	w.want("known to another agent")
	for _, c := range []struct {
		ip, mac string
		port    uint64
	}{{"10.0.0.7", mac1, 4}, {"0.0.0.0", mac1, 1}, {"224.0.0.1", mac1, 1}, {"ff02::1", mac1, 1}, {"10.0.0.7", "00:00:00:00:00:00", 1}, {"10.0.0.7", "01:00:5e:00:00:01", 1}} {
		w.put(c.ip, c.mac, c.port)
		w.want(fmt.Sprint(c))
	}
	w.tab.Ports.Delete(id("r1"))
	w.commit()
	if n := len(w.records()); n != 1 { // of two own records one is in etcd
		t.Errorf("%d records go with their port", n)
	}
}

// TestAging: a record that is not seen again goes, one that is stays.
func TestAging(t *testing.T) {
	w := newWorld(t, "10")
	w.put("10.0.0.1", mac1, 1)
	w.put("10.0.0.2", mac2, 1)
	w.records()
	w.bind("hv1", "10.0.0.1", mac1, 1_000_000)
	w.bind("hv1", "10.0.0.2", mac2, 1_000_000)
	w.now = w.now.Add(6 * time.Second)
	w.put("10.0.0.1", mac1, 1)
	w.want("seen again", "10.0.0.1 "+mac1+" 1006000")
	w.now = w.now.Add(3 * time.Second)
	w.Tick()
	w.want("9 s")
	w.now = w.now.Add(time.Second)
	w.Tick()
	w.want("10 s", "gone")
	w.now = w.now.Add(6 * time.Second)
	w.Tick()
	w.want("10 s after it was seen again", "gone")
}

// TestAges: networks have ages of their own, and not all goes at a time.
func TestAges(t *testing.T) {
	w := newWorld(t, "10.0.0.0/24:5;10.0.0.9:0;20")
	w.tab.RemovalLimit.Set(id("global"), 2)
	w.commit()
	for _, ip := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.9", "10.0.1.1"} {
		w.put(ip, mac1, 1)
	}
	w.records()
	for _, c := range []struct {
		after time.Duration
		want  []string
	}{{4900 * time.Millisecond, nil}, {100 * time.Millisecond, []string{"gone", "gone"}}, {4900 * time.Millisecond, nil}, {100 * time.Millisecond, []string{"gone"}}, {10 * time.Second, []string{"gone"}}, {time.Hour, nil}} {
		w.now = w.now.Add(c.after)
		w.Tick()
		w.want(c.after.String(), c.want...)
	}
}

// TestEarlierRun: what an earlier run has learned ages as if this one had.
func TestEarlierRun(t *testing.T) {
	w := newWorld(t, "10")
	row := &sb.MACBinding{LogicalPort: "r1", IP: "10.0.0.1", MAC: mac1, Datapath: id("r"), Timestamp: 995_000}
	w.Seen("MAC_Binding", schema.NameUUID("MAC_Binding", "r1", "10.0.0.1"), encode(row))
	w.Seen("MAC_Binding", id("bad"), []byte(`{"mac":"no"}`))
	w.Hear()
	w.bind("hv1", "10.0.0.1", mac1, 995_000)
	w.put("10.0.0.1", mac1, 1)
	w.want("seen again", "10.0.0.1 "+mac1+" 1000000")
	w.now = w.now.Add(10 * time.Second)
	w.Tick()
	w.want("too old", "gone")
}

// TestBound: a port has so many records; the oldest makes room.
func TestBound(t *testing.T) {
	w := newWorld(t, "")
	for i := range maxOfPort {
		w.now = w.now.Add(time.Millisecond)
		w.put(fmt.Sprintf("10.1.%d.%d", i/256, i%256), mac1, 1)
	}
	if n := len(w.records()); n != maxOfPort {
		t.Fatalf("%d records", n)
	}
	w.put("10.2.0.1", mac1, 1)
	got := w.Records()
	oldest := schema.NameUUID("MAC_Binding", "r1", "10.1.0.0")
	if len(got) != 2 || got[0].Row != oldest && got[1].Row != oldest {
		t.Errorf("%d changes: %v", len(got), got)
	}
}

// TestAsk: a packet whose next hop is not known asks for it, and goes on when an
// agent, this one or another, has learned it.
func TestAsk(t *testing.T) {
	for _, c := range []struct {
		name, ip string
		op       lower.Opcode
	}{{"udp4", "10.0.0.9", lower.OpARP}, {"udp6", "fd00::9", lower.OpNDNS}} {
		var frame []byte
		for _, s := range packettest.Stock(t) {
			if s.Name == c.name {
				frame = s.Sent
			}
		}
		for _, learned := range []string{"here", "elsewhere"} {
			w := newWorld(t, "")
			for range maxOfHop + 1 {
				w.Handle(in(c.op, ofp.Reg15, 1, c.ip, frame))
			}
			if len(w.sent) != maxOfHop+1 || string(w.sent[0].Actions) != "nested" {
				t.Fatalf("%s: %d questions", c.name, len(w.sent))
			}
			if f := packet.Flow(w.sent[0].Packet); !strings.HasPrefix(f, "arp,") && !strings.Contains(f, "icmp_type=135") {
				t.Errorf("%s: %s", c.name, f)
			}
			w.sent = nil
			if learned == "here" {
				w.put(c.ip, mac1, 1)
			} else {
				w.bind("hv2", c.ip, mac1, 1)
			}
			if len(w.sent) != maxOfHop {
				t.Fatalf("%s, learned %s: %d packets go on", c.name, learned, len(w.sent))
			}
			eth, _, _ := packet.ParseEthernet(w.sent[0].Packet)
			var a ofp.ActionBuilder
			a.Resubmit(lower.TableOutputLargeDetect)
			if eth.Dst.String() != mac1 || string(w.sent[0].Packet[6:]) != string(frame[6:]) || w.sent[0].Actions != a.Actions() {
				t.Errorf("%s: %x %s", c.name, w.sent[0].Packet, w.sent[0].Actions)
			}
			if learned == "elsewhere" {
				w.sent = nil
				w.Handle(in(c.op, ofp.Reg15, 1, c.ip, frame)) // its flows were not in yet
				if len(w.sent) != 1 || w.sent[0].Actions != a.Actions() {
					t.Errorf("%s: %v", c.name, w.sent)
				}
			}
		}
	}
}

// TestWaiting: packets do not wait for ever, nor for just anybody.
func TestWaiting(t *testing.T) {
	w := newWorld(t, "")
	var frame []byte
	for _, s := range packettest.Stock(t) {
		if s.Name == "udp4" {
			frame = s.Sent
		}
	}
	for i := range maxWaiting + 100 {
		w.Handle(in(lower.OpARP, ofp.Reg15, 1, fmt.Sprintf("10.1.%d.%d", i/256, i%256), frame))
	}
	w.sent = nil
	w.put("10.1.0.1", mac1, 1)
	w.put(fmt.Sprintf("10.1.%d.%d", (maxWaiting+50)/256, (maxWaiting+50)%256), mac1, 1) // one too many
	if len(w.sent) != 1 {
		t.Errorf("%d packets go on", len(w.sent))
	}
	w.now = w.now.Add(maxWaitTime)
	w.Tick()
	w.put("10.1.0.2", mac1, 1)
	if len(w.sent) != 1 {
		t.Errorf("a packet went on after %v", maxWaitTime)
	}
	w.Handle(in(lower.OpARP, ofp.Reg15, 1, "10.1.0.3", []byte{1}))
	if s := w.Stats()["arp"]; s.Bad != 1 {
		t.Errorf("%+v", s)
	}
}
