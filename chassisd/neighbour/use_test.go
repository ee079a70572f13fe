package neighbour

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// traffic is what the flows of a neighbour have seen.
type traffic struct {
	sent, heard uint64
	oneWay      bool // something is sent to it all the time
	alive       bool // it answers when it is asked
	probes      []*ofp.PacketOut
}

// pass lets time pass, with etcd and a switch that answer.
func (w *world) pass(ip string, tr *traffic, d time.Duration, etcd func(r *sb.MACBinding)) (gone int) {
	flows := physical.Neighbour(physical.NeighbourOf{Datapath: routerKey, Port: 1, IP: netip.MustParseAddr(ip), MAC: [6]byte{5: 1}})
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(50 * time.Millisecond) {
		if tr.oneWay {
			tr.sent++
		}
		asks := w.asks
		w.Tick()
		if w.asks > asks {
			w.Counted([]ofp.Hits{
				{Table: lower.TableMACLookup, Match: flows[1].Match, Packets: tr.heard},
				{Table: lower.TableMACBinding, Match: flows[0].Match, Packets: tr.sent},
			})
			w.Hear()
		}
		if n := len(w.sent); n > 0 && tr.alive {
			tr.heard += uint64(n)
		}
		tr.probes = append(tr.probes, w.sent...)
		w.sent = nil
		for _, r := range w.Records() {
			if r.Value == nil {
				gone++
				continue
			}
			row, err := schema.DecodeRow(sb.Schema().Table(r.Table), r.Row, r.Value)
			if err != nil {
				w.t.Fatal(err)
			}
			etcd(row.(*sb.MACBinding))
		}
	}
	return gone
}

// TestInUse: a neighbour to whom something is sent is asked by unicast, and stays
// while it answers; one that nobody uses is not asked, and goes.
func TestInUse(t *testing.T) {
	for _, ip := range []string{"10.0.0.9", "fd00::9"} {
		for _, c := range []struct {
			what          string
			oneWay, alive bool
			gone          int
		}{{"used and alive", true, true, 0}, {"used and dead", true, false, 1}, {"idle", false, true, 1}} {
			w := newWorld(t, "10")
			etcd := func(r *sb.MACBinding) { w.bind("hv1", r.IP, r.MAC, r.Timestamp) }
			w.put(ip, mac1, 1)
			tr := &traffic{oneWay: c.oneWay, alive: c.alive}
			gone := w.pass(ip, tr, 9*time.Second, etcd)
			if gone > 0 {
				t.Errorf("%s, %s: gone within 9 s", ip, c.what)
			}
			if gone += w.pass(ip, tr, 51*time.Second, etcd); gone != c.gone {
				t.Errorf("%s, %s: goes %d times in a minute, want %d", ip, c.what, gone, c.gone)
			}
			if n := len(tr.probes); (n > 0) != c.oneWay || c.alive && n > 12 {
				t.Errorf("%s, %s: asked %d times", ip, c.what, n)
			}
			if len(tr.probes) == 0 {
				continue
			}
			eth, _, _ := packet.ParseEthernet(tr.probes[0].Packet)
			f := packet.Flow(tr.probes[0].Packet)
			if eth.Dst.String() != mac1 || eth.Src.String() != "40:44:00:00:ff:01" || !strings.Contains(f, ip) {
				t.Errorf("%s: the question is %s", ip, f)
			}
		}
	}
}

// TestElsewhere: a neighbour that another chassis has learned is asked from here too
// where it is used here; it is ours where we hear of it and nobody else does.
func TestElsewhere(t *testing.T) {
	w := newWorld(t, "10")
	w.bind("hv2", "10.0.0.9", mac1, w.now.UnixMilli())
	tr := &traffic{oneWay: true}
	var ours []*sb.MACBinding
	etcd := func(r *sb.MACBinding) { ours = append(ours, r) }
	w.pass("10.0.0.9", tr, 7*time.Second, etcd)
	if len(tr.probes) == 0 || len(ours) > 0 {
		t.Errorf("asked %d times, %d records of ours", len(tr.probes), len(ours))
	}
	tr.alive = true
	w.pass("10.0.0.9", tr, 3*time.Second, etcd)
	if len(ours) != 1 {
		t.Errorf("%d records of ours", len(ours))
	}
}

// TestNeverAges: where nothing is forgotten the switch is not asked.
func TestNeverAges(t *testing.T) {
	w := newWorld(t, "")
	w.put("10.0.0.9", mac1, 1)
	w.pass("10.0.0.9", &traffic{oneWay: true}, time.Minute, func(r *sb.MACBinding) { w.bind("hv1", r.IP, r.MAC, r.Timestamp) })
	if w.asks > 0 {
		t.Errorf("the switch is asked %d times", w.asks)
	}
}

// TestWaitBytes: what waits is bounded in bytes too.
func TestWaitBytes(t *testing.T) {
	w := newWorld(t, "")
	frame := packet.UDP{Src: 1, Dst: 2}.Datagram(nil, packet.Ethernet{Type: packet.TypeIPv4}, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.9"), 64, make([]byte, 60_000))
	fit := maxWaitBytes / len(frame)
	for i := range fit + 5 {
		w.Handle(in(lower.OpARP, ofp.Reg15, 1, netip.AddrFrom4([4]byte{10, 0, 1, byte(i)}).String(), frame))
	}
	w.sent = nil
	for i := range fit + 5 {
		w.put(netip.AddrFrom4([4]byte{10, 0, 1, byte(i)}).String(), mac1, 1)
	}
	if len(w.sent) != fit {
		t.Errorf("%d packets of %d bytes wait, want %d", len(w.sent), len(frame), fit)
	}
	w.Handle(in(lower.OpARP, ofp.Reg15, 1, "10.0.9.9", frame))
	w.sent = nil
	w.put("10.0.9.9", mac1, 1)
	if len(w.sent) != 1 {
		t.Error("there is no room again")
	}
}
