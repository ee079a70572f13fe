package announce

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// world is an agent with a VM, on a switch with a localnet port that a gateway
// router is on too.
type world struct {
	*duty.Runner
	t    *testing.T
	tab  *tables.Tables
	now  time.Time
	said []string // "ms since the start, port: frame"
}

var start = time.Unix(1000, 0)

func id(s string) schema.UUID { return schema.NameUUID(s) }

func newWorld(t *testing.T) *world {
	w := &world{t: t, tab: tables.New(), now: start}
	w.Runner = duty.NewRunner(duty.Config{Now: func() time.Time { return w.now }, Out: func(p *ofp.PacketOut) error {
		var port uint64
		_ = p.Fields.Fields(func(f ofp.Field, v, _ ofp.U128) bool {
			if f == ofp.Reg14 {
				port = v.Lo
			}
			return true
		})
		w.said = append(w.said, fmt.Sprintf("%d %d: %s", w.now.Sub(start).Milliseconds(), port, packet.Flow(p.Packet)))
		return nil
	}}, Duty())
	w.tab.Follow(tables.AllDatapaths)
	w.tab.Self.Set(struct{}{}, tables.Self{Name: "hv1"})
	w.tab.Datapaths.Set(id("s"), &sb.DatapathBinding{TunnelKey: 5})
	w.port(&sb.PortBinding{LogicalPort: "net", Type: "localnet", TunnelKey: 1})
	w.tab.SetInterface(binding.Interface{UUID: "if", Name: "vm", ID: "vm", Ofport: 1})
	return w
}

func (w *world) port(row *sb.PortBinding) {
	if row.Datapath.IsZero() {
		row.Datapath = id("s")
	}
	w.tab.Ports.Set(id(row.LogicalPort), tables.PortOf(row))
	w.tab.NATAddresses.Set(id(row.LogicalPort), tables.NATAddressesOf(row))
}

func (w *world) vm(options map[string]string, addresses ...string) {
	w.port(&sb.PortBinding{LogicalPort: "vm", TunnelKey: 2, MAC: addresses, Options: options})
}

func (w *world) commit() {
	w.tab.Engine.Commit()
	if err := w.tab.Engine.Check(); err != nil {
		w.t.Fatal(err)
	}
	w.Read(w.tab)
	w.Hear()
}

// pass lets time pass and returns what was said, and forgets it.
func (w *world) pass(d time.Duration) []string {
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(100 * time.Millisecond) {
		w.Tick()
	}
	said := w.said
	w.said = nil
	return said
}

// times are when something was announced.
func times(said []string) (ms []int) {
	for _, s := range said {
		var at int
		if _, err := fmt.Sscan(s, &at); err == nil {
			ms = append(ms, at)
		}
	}
	return ms
}

// TestWhen: an address that comes is announced at once, and some times more.
func TestWhen(t *testing.T) {
	w := newWorld(t)
	w.vm(nil, "40:44:00:00:00:01 10.0.0.1 fd00::1")
	w.commit()
	if diff := cmp.Diff([]int{0, 1000, 3000, 7000, 15000}, times(w.pass(time.Minute))); diff != "" {
		t.Error(diff)
	}
	w.tab.AnnounceFor.Set(struct{}{}, 4*time.Second)
	w.commit()
	if diff := cmp.Diff([]int{60000, 61000, 63000, 67000, 71000, 75000}, times(w.pass(19*time.Second))); diff != "" {
		t.Errorf("for ever: %s", diff)
	}
	w.tab.DeleteInterface("if")
	w.commit()
	if said := w.pass(time.Minute); len(said) > 0 {
		t.Errorf("the port has gone: %v", said)
	}
}

// TestWhat: what is announced, and what is not.
func TestWhat(t *testing.T) {
	router := func(typ, chassis string, nat ...string) *sb.PortBinding {
		return &sb.PortBinding{LogicalPort: "s-r", Type: typ, TunnelKey: 3, NATAddresses: nat, Options: map[string]string{"peer": "r-s", "l3gateway-chassis": chassis}}
	}
	redirected := router("patch", "", `40:44:00:00:ff:01 10.0.0.254 is_chassis_resident("cr-r-s")`)
	redirect := func(w *world, chassis string) {
		w.port(redirected)
		group, at := id("group"), id(chassis)
		w.tab.Chassis.Set(at, &sb.Chassis{Name: chassis})
		w.tab.HAChassis.Set(id("member"), &sb.HAChassis{Chassis: &at, Priority: 1})
		w.tab.HAGroups.Set(group, &sb.HAChassisGroup{Name: "group", HAChassis: []schema.UUID{id("member")}})
		w.port(&sb.PortBinding{LogicalPort: "cr-r-s", Type: "chassisredirect", Datapath: id("r"), TunnelKey: 9, HAChassisGroup: &group})
	}
	const vm = "40:44:00:00:00:01 10.0.0.1"
	for _, c := range []struct {
		what string
		do   func(w *world)
		want []string // a part of each that is announced at once
	}{
		{"a VM", func(w *world) { w.vm(nil, vm+" 10.0.0.2 fd00::1", "40:44:00:00:00:02 10.0.0.3") },
			[]string{"arp,vlan_tci=0x0000,dl_src=40:44:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff,arp_spa=10.0.0.1,arp_tpa=10.0.0.1,arp_op=1,arp_sha=40:44:00:00:00:01"}},
		{"a VM without IPv4", func(w *world) { w.vm(nil, "unknown", "40:44:00:00:00:01 fd00::1") }, []string{"rarp,"}},
		{"a VM of unknown address", func(w *world) { w.vm(nil, "unknown") }, nil},
		{"one that is to be quiet", func(w *world) { w.vm(map[string]string{"disable_garp_rarp": "true"}, vm) }, nil},
		{"no physical network", func(w *world) { w.tab.Ports.Delete(id("net")); w.vm(nil, vm) }, nil},
		{"a gateway port", func(w *world) { redirect(w, "hv1") }, []string{"arp_spa=10.0.0.254"}},
		{"a gateway port with IPv6", func(w *world) {
			redirect(w, "hv1")
			redirected.NATAddresses = []string{`40:44:00:00:ff:01 10.0.0.254 fd00::ff is_chassis_resident("cr-r-s")`}
			w.port(redirected)
		}, []string{"arp_spa=10.0.0.254", "icmp6,vlan_tci=0x0000,dl_src=40:44:00:00:ff:01,dl_dst=33:33:00:00:00:01,ipv6_src=fd00::ff,ipv6_dst=ff02::1"}},
		{"a gateway port with IPv6 alone", func(w *world) {
			redirect(w, "hv1")
			redirected.NATAddresses = []string{`40:44:00:00:ff:01 fd00::ff is_chassis_resident("cr-r-s")`}
			w.port(redirected)
		}, []string{"ipv6_src=fd00::ff", "rarp,"}},
		{"a gateway port elsewhere", func(w *world) { redirect(w, "hv2") }, nil},
		{"a port of a distributed router", func(w *world) { w.port(router("patch", "", "40:44:00:00:ff:01 10.0.0.254")) }, nil},
	} {
		w := newWorld(t)
		w.vm(nil, "unknown")
		c.do(w)
		w.commit()
		said := w.pass(500 * time.Millisecond)
		slices.SortFunc(said, func(a, b string) int { return strings.Compare(a[strings.Index(a, ":"):], b[strings.Index(b, ":"):]) })
		if len(said) != len(c.want) {
			t.Errorf("%s: %d announcements: %v", c.what, len(said), said)
			continue
		}
		for i, part := range c.want {
			if !strings.Contains(said[i], part) {
				t.Errorf("%s: %s, want %s in it", c.what, said[i], part)
			}
		}
	}
}

// TestGatewayRouter: the addresses of a gateway router are announced where it is.
func TestGatewayRouter(t *testing.T) {
	w := newWorld(t)
	w.vm(nil, "unknown")
	host := func(chassis string) {
		w.port(&sb.PortBinding{
			LogicalPort: "s-r", Type: "l3gateway", TunnelKey: 3, NATAddresses: []string{"40:44:00:00:ff:01 10.0.0.254 10.0.0.253"},
			Options: map[string]string{"peer": "r-s", "l3gateway-chassis": chassis},
		})
		w.commit()
	}
	for _, c := range []struct {
		chassis string
		want    int
	}{{"hv2", 0}, {"hv1", 2}, {"hv2", 0}, {"hv1", 2}} {
		host(c.chassis)
		if said := w.pass(500 * time.Millisecond); len(said) != c.want {
			t.Errorf("it is on %s: %v", c.chassis, said)
		}
	}
}
