package tables

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema/sb"
)

// gateway makes a switch, sw, a router, r, and a port of it that is on one of the
// chassis.
func (w world) gateway(chassis ...string) {
	w.Datapaths.Set(id("r"), &sb.DatapathBinding{TunnelKey: 7, Type: ptr("logical-router")})
	w.datapath("sw", 5)
	w.door("sw", "sw-r", "r-sw", "")
	w.door("r", "r-sw", "sw-r", "")
	w.standIn("r", "cr-r-sw", "r-sw", 2, "group")
	w.haGroup("group", chassis...)
}

// hv4 makes a fourth chassis, with a VM on the switch.
func (w world) hv4() {
	w.Chassis.Set(id("hv4"), &sb.Chassis{Name: "hv4", Hostname: "host4"})
	w.Tunnels.Set("t4", Tunnel{"hv4", "10.0.0.4", 104})
	w.port("sw", "vm4", 4, "")
	w.claim("vm4", "hv4", 10, "")
}

// watch sets what BFD says: "t2=up t3=down t4=new", also unsure and back; "t2=" for not
// watched.
func (w world) watch(says string) {
	for _, word := range strings.Fields(says) {
		tunnel, state, _ := strings.Cut(word, "=")
		switch state {
		case "up":
			w.Watches.Set(tunnel, WatchUp)
		case "down":
			w.Watches.Set(tunnel, WatchDown)
		case "new":
			w.Watches.Set(tunnel, WatchNew)
		case "back":
			w.Watches.Set(tunnel, WatchBack)
		case "unsure":
			w.Watches.Set(tunnel, WatchUnsure)
		default:
			w.Watches.Delete(tunnel)
		}
	}
}

func (w world) watched() string {
	return strings.Join(slices.Sorted(maps.Keys(maps.Collect(w.Watched.All()))), " ")
}

// TestWayToGateway: a chassis that sends to a gateway port chooses who has it, and has
// its switch choose where that knows.
func TestWayToGateway(t *testing.T) {
	w := newWorld(t)
	w.gateway("hv2", "hv3")
	w.port("sw", "vm1", 1, "")
	w.iface("vm1", 7)
	for _, c := range []struct{ says, flow string }{
		{"", "output:102"},
		{"t2=new t22=new t3=new", "output:102"},
		{"t2=up t22=up t3=new", "output:102"},
		{"t3=up", "bundle(eth_src,0,active_backup,ofport,members:102,103)"},
		{"t2=down", "bundle(eth_src,0,active_backup,ofport,members:122,103)"}, // by its other address
		{"t22=down", "output:103"},
		{"t3=down", "output:102"}, // nobody is alive
		{"t2=new", "output:102"},
		{"t3=up", "output:102"}, // the switch says that it is down, we know better
		{"t2=down t22=new", "output:122"},
		{"t22=up", "bundle(eth_src,0,active_backup,ofport,members:122,103)"},
	} {
		w.watch(c.says)
		w.commit()
		if flow := w.flowsOf("cr-r-sw"); !strings.Contains(flow, c.flow) {
			t.Errorf("%s: want %s in %s", c.says, c.flow, flow)
		}
	}
	if got := w.watched(); got != "hv2 hv3" {
		t.Errorf("watched are %s, want hv2 hv3", got)
	}
	w.haGroup("group", "hv2")
	w.commit()
	if got := w.watched(); got != "" {
		t.Errorf("watched are %s, and there is no choice", got)
	}
}

// TestFailOver: a chassis that may have a gateway port has it when nobody before it is
// alive, and it is not cut off itself.
func TestFailOver(t *testing.T) {
	w := newWorld(t)
	w.gateway("hv2", "hv1", "hv3")
	w.hv4()
	for _, c := range []struct {
		says string
		here bool
		flow string // where it is not here
	}{
		{"", false, "output:102"},
		{"t2=new t22=new t3=new t4=new", false, "output:102"},
		{"t2=up t22=up t3=up t4=up", false, "output:102"}, // no choice: behind hv2 it is here
		{"t2=down", false, "output:122"},
		{"t22=down", true, ""},
		{"t3=down", true, ""},
		{"t4=down", false, "output:102"}, // we are cut off
		{"t4=up", true, ""},
		{"t2=up", false, "output:102"},
		{"t2=down t4=down t3=up", true, ""},
		{"t2=back", true, ""}, // it has not said that it is ready
		{"t2=up", false, "output:102"},
		{"t2=unsure t22=unsure t3=unsure t4=back", false, "output:102"}, // we have just begun to hear
		{"t4=up", true, ""},
	} {
		w.watch(c.says)
		w.commit()
		_, here := w.Hosted.Get(id("cr-r-sw"))
		if flow := w.flowsOf("cr-r-sw"); here != c.here || !strings.Contains(flow, c.flow) || strings.Contains(flow, "table=60") != c.here {
			t.Errorf("%s: here %v, want %v %s: %s", c.says, here, c.here, c.flow, flow)
		}
		if w.Needed.Len() != 2 {
			t.Errorf("%s: %d datapaths are needed, want 2 wherever the port is", c.says, w.Needed.Len())
		}
	}
	if got := w.watched(); got != "hv2 hv3 hv4" {
		t.Errorf("watched are %s, want those who may have it and who sends to it", got)
	}
	w.watch("t2=back t3=up t4=up")
	w.claim("cr-r-sw", "hv1", 20, "")
	w.claim("cr-r-sw", "hv2", 30, "")
	w.commit()
	if w.Hosted.Len() != 0 {
		t.Error("hv2 is back and says that it is ready")
	}
	w.haGroup("group", "hv1", "hv2")
	w.watch("t2=down t22=down t3=down t4=down")
	w.commit()
	if w.Hosted.Len() != 0 {
		t.Error("the first of all has it while it is cut off")
	}
}

// TestFailOverOfTwo: of two chassis that have nobody else, the other takes over; it
// does not before it knows that it hears nothing.
func TestFailOverOfTwo(t *testing.T) {
	w := newWorld(t)
	w.gateway("hv2", "hv1")
	w.Tunnels.Delete("t2")
	w.Tunnels.Delete("t22")
	for _, c := range []struct {
		what   string
		change func()
		here   bool
	}{
		{"no tunnel yet", func() {}, false},
		{"a new tunnel", func() { w.Tunnels.Set("t2", Tunnel{"hv2", "10.0.0.2", 102}); w.watch("t2=unsure") }, false},
		{"it does not come up", func() { w.watch("t2=down") }, true},
		{"it is up", func() { w.watch("t2=up") }, false},
		{"it is down", func() { w.watch("t2=down") }, true},
		{"it is not watched", func() { w.watch("t2=") }, false},
	} {
		c.change()
		w.commit()
		if _, here := w.Hosted.Get(id("cr-r-sw")); here != c.here {
			t.Errorf("%s: here %v", c.what, here)
		}
	}
}

// TestWatched: whose tunnels are watched, and how.
func TestWatched(t *testing.T) {
	w := newWorld(t)
	w.gateway("hv2", "hv3")
	w.hv4()
	for _, c := range []struct {
		what   string
		change func()
		want   string
	}{
		{"nothing of it is here", func() {}, ""},
		{"a VM is", func() { w.port("sw", "vm1", 1, ""); w.iface("vm1", 7) }, "hv2 hv3"},
		{"its chassis may have the gateway port", func() { w.haGroup("group", "hv2", "hv3", "hv1") }, "hv2 hv3 hv4"},
		{"the VM goes", func() { w.Interfaces.Delete("if-vm1") }, "hv2 hv3 hv4"},
		{"so does that of hv4", func() { w.Claims.Delete(ClaimKey{id("vm4"), "hv4"}) }, "hv2 hv3"},
		{"a gateway router beside it", func() { w.door("sw", "sw-g", "g-sw", "host4") }, "hv2 hv3 hv4"},
		{"it goes", func() { w.Ports.Delete(id("sw-g")) }, "hv2 hv3"},
		{"another gateway port of the router", func() { w.standIn("r", "cr-r-q", "r-q", 3, "q"); w.haGroup("q", "hv4") }, "hv2 hv3 hv4"},
		{"of one chassis there is no choice", func() { w.haGroup("group", "hv1") }, ""},
		{"a chassis that is not there", func() { w.haGroup("group", "hv1", "hv9") }, ""},
	} {
		c.change()
		w.commit()
		if got := w.watched(); got != c.want {
			t.Errorf("%s: watched are %q, want %q", c.what, got, c.want)
		}
	}
	w.haGroup("group", "hv1", "hv2")
	times := func(options map[string]string) BFDTimes {
		v, err := bfdTimes(&sb.SBGlobal{Options: options}, Event{})
		if err != nil {
			t.Fatal(err)
		}
		w.BFDTimes.Set(globalRow, v)
		w.commit()
		got, _ := w.Watched.Get("hv2")
		return got
	}
	if got := times(map[string]string{"bfd-min-rx": "200", "bfd-min-tx": "50", "bfd-decay-min-rx": "900", "bfd-mult": "5"}); got != (BFDTimes{200, 50, 900, 5}) {
		t.Errorf("times %+v", got)
	}
	if got := times(map[string]string{"bfd-min-rx": "0", "bfd-min-tx": "soon", "bfd-mult": "256"}); got != (BFDTimes{}) {
		t.Errorf("times of what is invalid: %+v", got)
	}
}
