package radvert

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/internal/packettest"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

func id(s string) schema.UUID { return schema.NameUUID(s) }

// world is an agent that has a switch with a router that advertises.
type world struct {
	*duty.Runner
	tab     *tables.Tables
	now     time.Time
	sent    []*ofp.PacketOut
	resumed []*ofp.PacketIn
}

func newWorld() *world {
	w := &world{tab: tables.New(), now: time.Unix(1000, 0)}
	w.Runner = duty.NewRunner(duty.Config{
		Now:    func() time.Time { return w.now },
		Out:    func(p *ofp.PacketOut) error { w.sent = append(w.sent, p); return nil },
		Resume: func(p *ofp.PacketIn) error { w.resumed = append(w.resumed, p); return nil },
	}, Duty())
	w.tab.Follow(tables.AllDatapaths)
	w.tab.Self.Set(struct{}{}, tables.Self{Name: "hv1"})
	w.tab.Datapaths.Set(id("s"), &sb.DatapathBinding{TunnelKey: 5})
	w.tab.Ports.Set(id("vm"), tables.PortOf(&sb.PortBinding{LogicalPort: "vm", Datapath: id("s"), TunnelKey: 1}))
	w.tab.SetInterface(binding.Interface{UUID: "if", Name: "vm", ID: "vm", Ofport: 1})
	w.tab.Ports.Set(id("s-r"), tables.PortOf(&sb.PortBinding{LogicalPort: "s-r", Type: "patch", Datapath: id("s"), TunnelKey: 2, Options: map[string]string{"peer": "r-s"}}))
	return w
}

// advertise sets what the router's port is told.
func (w *world) advertise(options map[string]string) {
	row := &sb.PortBinding{LogicalPort: "r-s", Type: "patch", Datapath: id("r"), TunnelKey: 1, Options: options}
	w.tab.AllAdverts.Set(id("r-s"), tables.AdvertOf(row))
	w.commit()
}

func (w *world) commit() {
	w.tab.Engine.Commit()
	w.Read(w.tab)
	w.Hear()
}

func options(more ...string) map[string]string {
	o := map[string]string{
		"peer": "s-r", "ipv6_ra_send_periodic": "true", "ipv6_ra_min_interval": "200", "ipv6_ra_max_interval": "600", "ipv6_ra_src_eth": "40:44:00:00:ff:01",
		"ipv6_ra_src_addr": "fe80::4244:ff:fe00:ff01", "ipv6_ra_address_mode": "slaac", "ipv6_ra_prefixes": "fd00:1::/64", "ipv6_ra_mtu": "1400",
	}
	for i := 0; i < len(more); i += 2 {
		o[more[i]] = more[i+1]
	}
	return o
}

// TestUnasked: the first three come soon, the others at random times within the bounds; a
// change is told at once, and what stops stops.
func TestUnasked(t *testing.T) {
	w := newWorld()
	w.advertise(options())
	begin := w.now
	var times []time.Duration
	for range 4000 {
		w.now = w.now.Add(time.Second)
		before := len(w.sent)
		w.Tick()
		for range len(w.sent) - before {
			times = append(times, w.now.Sub(begin))
		}
	}
	if len(w.sent) < 1+3+4 || len(w.sent) > 1+3+20 {
		t.Fatalf("%d in 4000 s", len(w.sent))
	}
	for i, at := range times {
		wait := at
		if i > 0 {
			wait = at - times[i-1]
		}
		least, most := 200*time.Second, 601*time.Second
		if i < initial-1 {
			least, most = soonLast, soonLast
		}
		if wait < least || wait > most {
			t.Errorf("%d: after %v", i, wait)
		}
	}
	p := w.sent[0]
	d, ok := packet.ParseDatagram(p.Packet)
	if !ok || d.Dst != netip.IPv6LinkLocalAllNodes() || d.TTL() != 255 || d.Src.String() != "fe80::4244:ff:fe00:ff01" {
		t.Errorf("%x", p.Packet)
	}
	var m ofp.MatchBuilder
	_ = m.Load(p.Fields)
	if flags, _, _ := m.Get(ofp.Reg10); flags.Lo != physical.FlagLocalOnly {
		t.Errorf("flags %v", flags)
	}
	n := len(w.sent)
	w.advertise(options("ipv6_ra_mtu", "1300"))
	if len(w.sent) != n+1 {
		t.Error("a change is not told at once")
	}
	w.advertise(options("ipv6_ra_send_periodic", "false"))
	w.now = w.now.Add(time.Hour)
	w.Tick()
	if len(w.sent) != n+1 {
		t.Error("it goes on")
	}
}

// TestUnreadable: options that are no options are left out; without what is needed nothing
// is said.
func TestUnreadable(t *testing.T) {
	for _, c := range []struct {
		change []string
		said   int
	}{
		{[]string{"ipv6_ra_mtu", "much", "ipv6_ra_rdnss", "nobody", "ipv6_ra_dnssl", "..", "ipv6_ra_route_info", "x", "ipv6_ra_prf", "BEST"}, 1},
		{[]string{"ipv6_ra_src_eth", "x"}, 0},
		{[]string{"ipv6_ra_src_addr", "10.0.0.1"}, 0},
		{[]string{"ipv6_ra_min_interval", "0"}, 0},
		{[]string{"ipv6_ra_min_interval", "700"}, 0},
		{[]string{"ipv6_ra_max_interval", "-1"}, 0},
		{[]string{"ipv6_ra_address_mode", "best"}, 0},
		{[]string{"ipv6_ra_prefixes", "10.0.0.0/8"}, 0},
		{[]string{"peer", "nobody"}, 0},
	} {
		w := newWorld()
		w.advertise(options(c.change...))
		if len(w.sent) != c.said {
			t.Errorf("%v: %d", c.change, len(w.sent))
		}
	}
}

// TestSolicited: a solicitation becomes the advertisement of its action; what is none is
// counted.
func TestSolicited(t *testing.T) {
	w := newWorld()
	data := lower.Userdata{Op: lower.OpPutNDRA, Args: []byte("\x05\x04reg0" + "\x86\x00\x00\x00\xff\x00\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00")}.Encode()
	solicit := func(change func(b []byte)) []byte {
		eth := packet.Ethernet{Src: packet.MAC{0x40, 0x44, 0, 0, 0, 1}, Dst: packet.MAC{0x33, 0x33, 0, 0, 0, 2}}
		b := []byte{packet.RouterSolicitation, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0x40, 0x44, 0, 0, 0, 1}
		frame := packet.Advertisement(nil, eth, netip.MustParseAddr("fe80::1"), netip.IPv6LinkLocalAllRouters(), b)
		if change != nil {
			change(frame)
		}
		return frame
	}
	w.Handle(&ofp.PacketIn{Packet: solicit(nil), Userdata: data})
	if len(w.resumed) != 1 {
		t.Fatalf("%v", w.Stats())
	}
	d, ok := packet.ParseDatagram(w.resumed[0].Packet)
	if !ok || d.Upper[0] != packet.RouterAdvertisement || d.TTL() != 255 {
		t.Errorf("%x", w.resumed[0].Packet)
	}
	const icmp = packet.EthLen + packet.IPv6Len
	for what, change := range map[string]func(b []byte){
		"hop limit":                func(b []byte) { b[packet.EthLen+7] = 64 },
		"code":                     func(b []byte) { b[icmp+1] = 1 },
		"type":                     func(b []byte) { b[icmp] = 135 },
		"option of length 0":       func(b []byte) { b[icmp+9] = 0 },
		"long option":              func(b []byte) { b[icmp+9] = 9 },
		"source address of nobody": func(b []byte) { copy(b[packet.EthLen+8:], make([]byte, 16)) },
	} {
		w.resumed = nil
		w.Handle(&ofp.PacketIn{Packet: solicit(change), Userdata: data})
		if len(w.resumed) != 0 {
			t.Errorf("%s: %x", what, w.resumed[0].Packet)
		}
	}
	w.Handle(&ofp.PacketIn{Packet: packettest.Solicitation(t), Userdata: data})
	if s := w.Stats()["put_nd_ra_opts"]; s.Bad != 7 {
		t.Error(fmt.Sprint(s))
	}
}
