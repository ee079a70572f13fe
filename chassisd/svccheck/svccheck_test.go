package svccheck

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

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

// world is an agent with a port, and without a switch or an etcd.
type world struct {
	*duty.Runner
	t        testing.TB
	tab      *tables.Tables
	now      time.Time
	sent     []*ofp.PacketOut
	statuses []string
}

const datapathKey, portKey = 5, 2

func newWorld(t testing.TB) *world {
	w := &world{t: t, tab: tables.New(), now: time.Unix(1000, 0)}
	w.Runner = duty.NewRunner(duty.Config{
		Now: func() time.Time { return w.now },
		Out: func(p *ofp.PacketOut) error { w.sent = append(w.sent, p); return nil },
	}, newChecker(rand.New(rand.NewPCG(1, 2)).Uint64).duty())
	w.tab.Follow(tables.AllDatapaths)
	w.tab.Self.Set(struct{}{}, tables.Self{Name: "hv1"})
	w.tab.Datapaths.Set(id("s"), &sb.DatapathBinding{TunnelKey: datapathKey})
	w.tab.Ports.Set(id("vm"), tables.Port{Name: "vm", Datapath: id("s"), Key: portKey})
	w.tab.SetInterface(binding.Interface{UUID: "if", Name: "vm", ID: "vm", Ofport: 1})
	w.commit() // asks for the port
	w.tab.Claims.Set(tables.ClaimKey{Port: id("vm"), Chassis: "hv1"}, tables.Claim{Rev: 1})
	w.commit()
	return w
}

// service sets the row of a service by way of what etcd has; options are its
// successes and failures.
func (w *world) service(name, proto, ip string, counts ...int) {
	src := "10.0.0.253"
	if strings.Contains(ip, ":") {
		src = "fd00::fd"
	}
	row := &sb.ServiceMonitor{
		Header: schema.Header{UUID: id(name)}, LogicalPort: "vm", Protocol: &proto, Port: 80, IP: ip, MAC: "40:44:00:00:00:01", SrcIP: src, SrcMAC: "40:44:00:00:ee:01",
		Options: map[string]string{"interval": "5", "timeout": "3"},
	}
	for i, n := range counts {
		row.Options[[]string{"success_count", "failure_count"}[i]] = fmt.Sprint(n)
	}
	w.put(row.UUID, schema.EncodeRow(sb.Schema().Table(table), row, func(c *schema.Column) bool { return c.Owner != schema.OwnerChassis }))
}

func (w *world) put(row schema.UUID, value []byte) {
	if err := w.tab.Feeds.Apply(sb.Prefix+table+"/"+row.String(), tables.Event{Value: value, Rev: 1}); err != nil {
		w.t.Fatal(err)
	}
	w.commit()
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
			w.tab.ServiceStatus.Delete(tables.RecordOf{Chassis: "hv1", Row: r.Row})
			continue
		}
		got, err := schema.DecodeRow(sb.Schema().Table(r.Table), r.Row, r.Value)
		if err != nil {
			w.t.Fatal(err)
		}
		w.statuses = append(w.statuses, *got.(*sb.ServiceMonitor).Status)
		w.tab.ServiceStatus.Set(tables.RecordOf{Chassis: "hv1", Row: r.Row}, struct{}{})
		w.Seen(r.Table, r.Row, r.Value)
		w.Hear()
	}
}

// want checks what was recorded since.
func (w *world) want(what string, want ...string) {
	w.t.Helper()
	w.collect()
	if diff := cmp.Diff(want, w.statuses); diff != "" {
		w.t.Errorf("%s: %s", what, diff)
	}
	w.statuses = nil
}

// pass lets time pass and returns what was sent.
func (w *world) pass(d time.Duration) (sent []*asked) {
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(pause) {
		w.Tick()
	}
	for _, p := range w.sent {
		sent = append(sent, read(w.t, p.Packet))
	}
	w.sent = nil
	return sent
}

// one lets time pass in which there is one question.
func (w *world) one(d time.Duration) *asked {
	w.t.Helper()
	sent := w.pass(d)
	if len(sent) != 1 {
		w.t.Fatalf("%d packets in %v, want 1", len(sent), d)
	}
	return sent[0]
}

// asked is a packet that the agent sent, as another library reads it.
type asked struct {
	frame    []byte
	src, dst string
	tcp      *layers.TCP
	udp      *layers.UDP
}

func read(t testing.TB, frame []byte) *asked {
	t.Helper()
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	if err := p.ErrorLayer(); err != nil {
		t.Fatal(err.Error())
	}
	a := &asked{frame: frame, src: p.NetworkLayer().NetworkFlow().Src().String(), dst: p.NetworkLayer().NetworkFlow().Dst().String()}
	a.tcp, _ = p.Layer(layers.LayerTypeTCP).(*layers.TCP)
	a.udp, _ = p.Layer(layers.LayerTypeUDP).(*layers.UDP)
	if a.tcp != nil {
		_ = a.tcp.SetNetworkLayerForChecksum(p.NetworkLayer())
	} else if a.udp != nil {
		_ = a.udp.SetNetworkLayerForChecksum(p.NetworkLayer())
	}
	if err, bad := p.VerifyChecksums(); err != nil || len(bad) > 0 {
		t.Fatalf("checksums: %v %v", bad, err)
	}
	return a
}

// answers gives the agent a packet of the VM.
func (w *world) answers(frame []byte) { w.answersFrom(portKey, frame) }

func (w *world) answersFrom(port uint64, frame []byte) {
	var m ofp.MatchBuilder
	m.Set(ofp.Metadata, 1<<40|datapathKey)
	m.Set(ofp.Reg14, port)
	w.Handle(&ofp.PacketIn{Packet: frame, Metadata: m.Match(), Userdata: append(binary.BigEndian.AppendUint32(nil, uint32(lower.OpSvcCheck)), 0, 0, 0, 0)})
}

// segment is what the VM answers to a question over TCP.
func segment(t testing.TB, q *asked, change func(*layers.TCP)) []byte {
	tcp := &layers.TCP{SrcPort: q.tcp.DstPort, DstPort: q.tcp.SrcPort, Seq: 77, Ack: q.tcp.Seq + 1, SYN: true, ACK: true, Window: 1000}
	change(tcp)
	return frameOf(t, q, layers.IPProtocolTCP, tcp)
}

func frameOf(t testing.TB, q *asked, proto layers.IPProtocol, upper gopacket.SerializableLayer, more ...gopacket.SerializableLayer) []byte {
	eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{0x40, 0x44, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{0x40, 0x44, 0, 0, 0xee, 1}}
	var ip gopacket.SerializableLayer
	var sums gopacket.NetworkLayer
	if strings.Contains(q.src, ":") {
		eth.EthernetType = layers.EthernetTypeIPv6
		v6 := &layers.IPv6{Version: 6, NextHeader: proto, HopLimit: 64, SrcIP: net.ParseIP(q.dst), DstIP: net.ParseIP(q.src)}
		ip, sums = v6, v6
	} else {
		eth.EthernetType = layers.EthernetTypeIPv4
		v4 := &layers.IPv4{Version: 4, Protocol: proto, TTL: 64, SrcIP: net.ParseIP(q.dst), DstIP: net.ParseIP(q.src)}
		ip, sums = v4, v4
	}
	if u, ok := upper.(interface {
		SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
	}); ok {
		u.SetNetworkLayerForChecksum(sums)
	}
	buf := gopacket.NewSerializeBuffer()
	all := append([]gopacket.SerializableLayer{eth, ip, upper}, more...)
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// unreachable is the error about a question, which quotes n bytes of it.
func unreachable(t testing.TB, q *asked, n int) []byte {
	quote := q.frame[packet.EthLen:]
	quote = gopacket.Payload(quote[:min(n, len(quote))])
	if strings.Contains(q.src, ":") {
		return frameOf(t, q, layers.IPProtocolICMPv6, &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(1, 4)},
			gopacket.Payload(append(make([]byte, 4), quote...)))
	}
	return frameOf(t, q, layers.IPProtocolICMPv4, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(3, 3)}, gopacket.Payload(quote))
}

// TestTCP: who takes a connection is online, and is told at once that it is for nothing;
// who refuses or is silent is offline.
func TestTCP(t *testing.T) {
	for _, ip := range []string{"10.0.0.1", "fd00::1"} {
		w := newWorld(t)
		w.service("web", "tcp", ip)
		w.want("nothing is known")
		q := w.one(200 * time.Millisecond)
		if q.tcp == nil || !q.tcp.SYN || q.tcp.ACK || q.tcp.DstPort != 80 || q.dst != ip {
			t.Fatalf("question is %+v", q)
		}
		w.answers(segment(t, q, func(*layers.TCP) {}))
		w.want("accepts", "online")
		r := w.one(time.Second)
		if !r.tcp.RST || r.tcp.SYN || r.tcp.Seq != q.tcp.Seq+1 || r.tcp.SrcPort != q.tcp.SrcPort {
			t.Fatalf("reset is %+v", r.tcp)
		}
		if sent := w.pass(3900 * time.Millisecond); len(sent) > 0 {
			t.Fatalf("asks again too early: %+v", sent[0])
		}
		q = w.one(300 * time.Millisecond)
		w.answers(segment(t, q, func(s *layers.TCP) { s.SYN, s.RST = false, true }))
		w.want("refuses", "offline")
		q = w.one(5100 * time.Millisecond)
		w.answers(segment(t, q, func(*layers.TCP) {}))
		w.want("accepts again", "online")
		if sent := w.pass(5100 * time.Millisecond); len(sent) != 2 {
			t.Fatalf("%d packets, want a reset and a question", len(sent))
		}
		w.pass(2800 * time.Millisecond)
		w.want("waits")
		w.pass(300 * time.Millisecond)
		w.want("is silent", "offline")
		q = w.one(5 * time.Second)
		w.answers(unreachable(t, q, 1000))
		w.want("nobody is there")
		if sent := w.pass(4800 * time.Millisecond); len(sent) > 0 {
			t.Fatal("an error did not end the question")
		}
	}
}

// TestUDP: an error is offline at once, silence online; of what the error quotes, the
// ports are enough.
func TestUDP(t *testing.T) {
	for ip, header := range map[string]int{"10.0.0.1": packet.IPv4Len, "fd00::1": packet.IPv6Len} {
		w := newWorld(t)
		w.service("dns", "udp", ip)
		q := w.one(200 * time.Millisecond)
		if q.udp == nil || q.udp.DstPort != 80 || string(q.udp.Payload) != string(make([]byte, 8)) {
			t.Fatalf("question is %+v", q.udp)
		}
		w.pass(2700 * time.Millisecond)
		w.want("waits")
		w.pass(300 * time.Millisecond)
		w.want("is silent", "online")
		q = w.one(5 * time.Second)
		w.answers(unreachable(t, q, header+8))
		w.want("nobody is there", "offline")
	}
}

// TestCounts: so many answers of one kind, one after another, change the status.
func TestCounts(t *testing.T) {
	w := newWorld(t)
	w.service("web", "tcp", "10.0.0.1", 3, 2)
	answer := func(accepts string) {
		for _, a := range accepts {
			q := w.pass(5200 * time.Millisecond)
			w.answers(segment(t, q[len(q)-1], func(s *layers.TCP) { s.SYN, s.RST = a == '+', a == '-' }))
		}
	}
	answer("++-++")
	w.want("never three of them")
	answer("+")
	w.want("three", "online")
	answer("-+-+")
	w.want("never two of them")
	answer("--")
	w.want("two", "offline")
	answer("+++")
	w.want("three again", "online")
}

// TestNoAnswer: what fits no question is counted, and changes nothing.
func TestNoAnswer(t *testing.T) {
	w := newWorld(t)
	w.service("web", "tcp", "10.0.0.1")
	w.service("dns", "udp", "10.0.0.1")
	sent := w.pass(200 * time.Millisecond)
	q, u := sent[0], sent[1]
	if q.tcp == nil {
		q, u = u, q
	}
	is := func(change func(*layers.TCP)) []byte { return segment(t, q, change) }
	good := is(func(*layers.TCP) {})
	bad := [][]byte{
		is(func(s *layers.TCP) { s.Ack++ }),
		is(func(s *layers.TCP) { s.DstPort++ }),
		is(func(s *layers.TCP) { s.SrcPort++ }),
		is(func(s *layers.TCP) { s.ACK = false }),
		is(func(s *layers.TCP) { s.SYN = false }),
		is(func(s *layers.TCP) { s.SYN, s.ACK, s.RST = false, false, true }),
		frameOf(t, q, layers.IPProtocolICMPv4, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0)}),
		unreachable(t, q, packet.IPv4Len+2),
		unreachable(t, &asked{frame: good, src: q.src, dst: q.dst}, 100),
		frameOf(t, u, layers.IPProtocolUDP, &layers.UDP{SrcPort: u.udp.DstPort, DstPort: u.udp.SrcPort}),
	}
	for n := range packet.EthLen + packet.IPv4Len + packet.TCPLen { // padding is behind
		bad = append(bad, good[:n])
	}
	for i, b := range bad {
		w.answers(b)
		w.want(fmt.Sprintf("packet %d", i))
	}
	w.answersFrom(portKey+1, good)
	w.want("another port")
	if got := w.Stats()[lower.OpSvcCheck.String()]; got.Bad != uint64(len(bad)+1) || got.Handled != 0 {
		t.Errorf("counted %+v, want %d bad ones", got, len(bad)+1)
	}
	w.answers(good)
	w.want("the answer", "online")
	w.answers(good)
	w.want("the answer again")
}

// TestGone: a port that goes takes the status with it, and a row that does.
func TestGone(t *testing.T) {
	w := newWorld(t)
	online := func() {
		sent := w.pass(200 * time.Millisecond)
		w.answers(segment(t, sent[len(sent)-1], func(*layers.TCP) {}))
		w.want("accepts", "online")
		w.pass(10 * time.Millisecond)
	}
	w.service("web", "tcp", "10.0.0.1")
	online()
	w.tab.DeleteInterface("if")
	w.commit()
	w.want("no port", "gone")
	if sent := w.pass(time.Minute); len(sent) > 0 {
		t.Error("asks on")
	}
	w.tab.SetInterface(binding.Interface{UUID: "if", Name: "vm", ID: "vm", Ofport: 1})
	w.commit()
	online()
	w.put(id("web"), nil)
	w.want("no row", "gone")
	if sent := w.pass(time.Minute); len(sent) > 0 {
		t.Error("asks on")
	}
}

// TestResume: an agent that starts again goes on with what it had said, and takes back
// what it cannot know.
func TestResume(t *testing.T) {
	online := "online"
	record := func(row schema.UUID) []byte {
		return schema.EncodeRow(sb.Schema().Table(table), &sb.ServiceMonitor{Header: schema.Header{UUID: row}, Status: &online},
			func(c *schema.Column) bool { return c.Owner == schema.OwnerChassis })
	}
	for _, first := range []bool{true, false} {
		w := newWorld(t)
		if !first {
			w.service("web", "tcp", "10.0.0.1")
		}
		w.Seen(table, id("web"), record(id("web")))
		w.Hear()
		if first {
			w.service("web", "tcp", "10.0.0.1")
		}
		w.tab.ServiceStatus.Set(tables.RecordOf{Chassis: "hv1", Row: id("web")}, struct{}{})
		w.tab.ServiceStatus.Set(tables.RecordOf{Chassis: "hv1", Row: id("other")}, struct{}{})
		w.commit()
		w.want("somebody else's", "gone")
		q := w.one(time.Second)
		w.answers(segment(t, q, func(*layers.TCP) {}))
		w.want("as it was")
		w.Seen(table, id("web"), nil)
		w.Hear()
		w.want("somebody has deleted it", "online")
		w.pass(9 * time.Second)
		w.want("is silent", "offline")
	}
}

// TestSpread: many services that come together are not asked together, now and later.
func TestSpread(t *testing.T) {
	s := newChecker(rand.Uint64)
	w := &world{t: t, now: time.Unix(1000, 0)}
	w.Runner = duty.NewRunner(duty.Config{Now: func() time.Time { return w.now }, Out: func(p *ofp.PacketOut) error { w.sent = append(w.sent, p); return nil }}, many(s, 2000, time.Second))
	w.Read(nil)
	w.Hear()
	for range 4000 {
		w.Tick()
		if len(w.sent) > most {
			t.Fatalf("%d questions at a time", len(w.sent))
		}
		w.sent = nil
		w.now = w.now.Add(pause)
	}
	if n := s.asked.Load(); n < 2000*3 {
		t.Errorf("%d questions in 20 s to 2000 services that are silent, want 3 to each or more", n)
	}
}

// many is the duty with so many services, which its first call of Read brings.
func many(s *checker, n int, interval time.Duration) duty.Duty {
	d := s.duty()
	d.Read = func(*tables.Tables) func(*duty.Out) {
		return func(out *duty.Out) {
			for i := range n {
				l := tables.LocalService{Service: tables.Service{
					Proto: packet.ProtoTCP, Port: uint16(1 + i/200), IP: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), SrcIP: netip.AddrFrom4([4]byte{10, 0, 255, 1}),
					Interval: interval, Timeout: 3 * time.Second, Successes: 1, Failures: 1,
				}, Via: tables.PortAt{Metadata: datapathKey, Key: uint32(i%200 + 1)}}
				s.set(schema.NameUUID(fmt.Sprint(i)), l, out)
			}
			s.wake(out)
		}
	}
	return d
}

// BenchmarkSecond is a second of an agent with 5000 services on 200 ports that are asked
// every 5 s and answer.
func BenchmarkSecond(b *testing.B) {
	s := newChecker(rand.Uint64)
	now := time.Unix(1000, 0)
	var r *duty.Runner
	var answers []*ofp.PacketIn
	r = duty.NewRunner(duty.Config{Now: func() time.Time { return now }, Out: func(p *ofp.PacketOut) error {
		if d, ok := packet.ParseDatagram(p.Packet); ok {
			if q, _ := packet.ParseTCP(d.Upper); q.Flags == packet.TCPSYN {
				answers = append(answers, accept(p, d, q))
			}
		}
		return nil
	}}, many(s, 5000, 5*time.Second))
	r.Read(nil)
	r.Hear()
	second := func() {
		for range time.Second / pause {
			r.Tick()
			for _, a := range answers {
				r.Handle(a)
			}
			answers = answers[:0]
			now = now.Add(pause)
		}
		r.Records()
	}
	for range 10 {
		second()
	}
	asked := s.asked.Load()
	for b.Loop() {
		second()
	}
	b.ReportMetric(float64(s.asked.Load()-asked)/float64(b.N), "questions/op")
	if got := r.Stats()[lower.OpSvcCheck.String()]; got.Bad+got.Limited > 0 || s.online.Load() != 5000 {
		b.Fatalf("%+v, %d are online", got, s.online.Load())
	}
}

// accept is how a VM answers a SYN.
func accept(p *ofp.PacketOut, d packet.Datagram, q packet.TCP) *ofp.PacketIn {
	var m ofp.MatchBuilder
	m.Set(ofp.Metadata, datapathKey)
	_ = p.Fields.Fields(func(f ofp.Field, v, _ ofp.U128) bool {
		if f == ofp.Reg15 {
			m.Set(ofp.Reg14, v.Lo)
		}
		return true
	})
	frame := packet.TCP{Src: q.Dst, Dst: q.Src, Seq: 1, Ack: q.Seq + 1, Flags: packet.TCPSYN | packet.TCPACK}.Segment(nil, d.Eth, d.Dst, d.Src, 64)
	return &ofp.PacketIn{Packet: frame, Metadata: m.Match(), Userdata: append(binary.BigEndian.AppendUint32(nil, uint32(lower.OpSvcCheck)), 0, 0, 0, 0)}
}

// FuzzHear: no packet of a VM makes the agent fail.
func FuzzHear(f *testing.F) {
	w := newWorld(f)
	w.service("web", "tcp", "10.0.0.1")
	w.service("dns", "udp", "fd00::1")
	for _, q := range w.pass(200 * time.Millisecond) {
		f.Add(q.frame)
		f.Add(unreachable(f, q, 100))
		if q.tcp != nil {
			f.Add(segment(f, q, func(*layers.TCP) {}))
		}
	}
	f.Fuzz(func(_ *testing.T, b []byte) { w.answers(b) })
}
