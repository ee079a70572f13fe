package tables

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// newReach has the tables up to the datapaths that are needed, and no more.
func newReach(t testing.TB) world {
	tables := newInputs()
	tables.index()
	tables.ask()
	tables.joinCandidates()
	tables.reach()
	return furnish(tables, t)
}

// searched are the datapaths needed, by a search from those of ports that are
// here. Like packets, it goes through datapaths of which there is no row.
func (w world) searched() []schema.UUID {
	ports := maps.Collect(w.Ports.All())
	byName := map[string]Port{}
	for _, id := range slices.SortedFunc(maps.Keys(ports), func(a, b schema.UUID) int { return b.Compare(a) }) {
		byName[ports[id].Name] = ports[id] // that of the smallest UUID stays
	}
	self, _ := w.Self.Get(struct{}{})
	open := func(p Port) bool {
		switch {
		case p.Peer == "":
			return false
		case p.Type == "l3gateway":
			return p.Gateway == self.Name || p.Gateway == self.Hostname
		}
		return p.Type == "patch"
	}
	next := map[schema.UUID][]schema.UUID{}
	for _, p := range ports {
		if peer, ok := byName[p.Peer]; ok && open(p) && open(peer) {
			next[p.Datapath] = append(next[p.Datapath], peer.Datapath)
			next[peer.Datapath] = append(next[peer.Datapath], p.Datapath)
		}
	}
	var todo, needed []schema.UUID
	for _, b := range w.Bound.All() {
		todo = append(todo, b.Datapath)
	}
	for _, dp := range w.hosts.possible.All() {
		todo = append(todo, dp)
	}
	seen := map[schema.UUID]bool{}
	for ; len(todo) > 0; todo = todo[1:] {
		dp := todo[0]
		if seen[dp] {
			continue
		}
		seen[dp] = true
		todo = append(todo, next[dp]...)
		if _, ok := w.Datapaths.Get(dp); ok {
			needed = append(needed, dp)
		}
	}
	slices.SortFunc(needed, schema.UUID.Compare)
	return needed
}

// TestReachIsASearch: whatever ports, bindings and datapaths come, go and
// change, what is needed is what a search finds.
func TestReachIsASearch(t *testing.T) {
	sizes := map[int]int{}
	rapid.Check(t, func(rt *rapid.T) {
		w := newReach(t)
		pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(rt, label) }
		datapath := func() string { return fmt.Sprint("dp", rapid.IntRange(0, 7).Draw(rt, "datapath")) }
		for i := range 8 {
			w.datapath(fmt.Sprint("dp", i), int64(i+1))
		}
		link := func() {
			a, b, chassis := datapath(), datapath(), pick("chassis", "", "", "", "hv1", "host1", "hv2")
			w.door(a, a+"-"+b, b+"-"+a, chassis)
			w.door(b, b+"-"+a, a+"-"+b, chassis)
		}
		step := func() {
			switch rapid.IntRange(0, 9).Draw(rt, "step") {
			case 0, 1, 2:
				link()
			case 3: // one end alone, with whatever peer
				a := datapath()
				w.door(a, a+"-"+datapath(), datapath()+"-"+datapath(), pick("chassis", "", "", "hv1", "hv2"))
			case 4:
				w.Ports.Delete(id(datapath() + "-" + datapath()))
			case 5: // two ports have a name for a while
				a, b := datapath(), datapath()
				w.Ports.Set(id("second"), Port{Name: a + "-" + b, Type: "patch", Datapath: id(datapath()), Peer: b + "-" + a})
			case 6:
				w.Interfaces.Delete("if-vm" + datapath())
			case 7:
				if dp := datapath(); rapid.Bool().Draw(rt, "there") {
					w.datapath(dp, 9)
				} else {
					w.Datapaths.Delete(id(dp))
				}
			case 8:
				n := pick("self", "1", "2")
				w.Self.Set(struct{}{}, Self{Name: "hv" + n, Hostname: "host" + n})
			default:
				dp := datapath()
				w.port(dp, "vm"+dp, 20, pick("requested", "", "", "hv1", "hv2"))
				w.iface("vm"+dp, 7)
			}
		}
		for range rapid.IntRange(1, 20).Draw(rt, "commits") {
			for range rapid.IntRange(1, 5).Draw(rt, "steps") {
				step()
			}
			w.commit()
			got, want := slices.Collect(maps.Keys(maps.Collect(w.Needed.All()))), w.searched()
			slices.SortFunc(got, schema.UUID.Compare)
			if !slices.Equal(got, want) {
				rt.Fatalf("needed are %v, want %v", got, want)
			}
			sizes[len(got)]++
		}
	})
	if len(sizes) < 8 || sizes[0] > 1500 {
		t.Errorf("a weak test: datapaths needed, how often: %v", sizes)
	}
}

// hubOf joins n switches with a router, one of them with a port that is here.
func (w world) hubOf(n int) {
	w.Datapaths.Set(id("r"), &sb.DatapathBinding{TunnelKey: 1, Type: ptr("logical-router")})
	for i := range n {
		w.spoke(i)
	}
	for i, vm := range []string{"vm1", "vm2"} {
		w.port("sw0", vm, int64(10+i), "")
	}
	w.iface("vm1", 7)
	w.commit()
}

func (w world) spoke(i int) {
	sw := fmt.Sprint("sw", i)
	w.datapath(sw, int64(i+2))
	w.door(sw, sw+"-r", "r-"+sw, "")
	w.door("r", "r-"+sw, sw+"-r", "")
}

func (w world) withoutSpoke(i int) {
	sw := fmt.Sprint("sw", i)
	w.Datapaths.Delete(id(sw))
	w.Groups.Delete(id(sw + "-flood"))
	for _, p := range []string{sw + "-r", "r-" + sw} {
		w.Ports.Delete(id(p))
	}
	w.GroupPorts.Delete(Member{id(sw + "-flood"), id(sw + "-r")})
	w.GroupPorts.Delete(Member{id("r-flood"), id("r-" + sw)})
}

// costs is what each step computes behind a router with n switches, and what a
// switch that comes and goes allocates.
func costs(t *testing.T, n int, newWorld func(testing.TB) world) (all []incr.Stats, allocs float64) {
	w := newWorld(t)
	w.hubOf(n)
	if got := w.Needed.Len(); got != n+1 {
		t.Fatalf("%d datapaths are needed, want %d", got, n+1)
	}
	for _, step := range []func(){
		func() { w.iface("vm2", 8) },
		func() { w.Interfaces.Delete("if-vm2") },
		func() { w.spoke(n) },
		func() { w.withoutSpoke(n) },
	} {
		step()
		all = append(all, w.Engine.Commit())
		if err := w.Engine.Check(); err != nil {
			t.Fatal(err)
		}
	}
	return all, testing.AllocsPerRun(20, func() {
		w.spoke(n)
		w.Engine.Commit()
		w.withoutSpoke(n)
		w.Engine.Commit()
	})
}

// TestReachCostsWhatChanges: one more switch behind a router costs a switch,
// whatever else is behind it, and a port on a datapath that is needed anyway
// nothing.
func TestReachCostsWhatChanges(t *testing.T) {
	few, fewAllocs := costs(t, 5, newReach)
	many, manyAllocs := costs(t, 500, newReach)
	// A row that holds all that is needed would be one, but a large one.
	if manyAllocs > fewAllocs+20 {
		t.Errorf("a switch allocates %v times behind a router with 500 switches, %v times with 5", manyAllocs, fewAllocs)
	}
	for i, want := range []struct {
		what      string
		evaluated int
	}{
		// Who asks for the port, who has it, and that it is bound.
		{"a port comes", 3},
		{"it goes", 3},
		// Two doors, the switch in its component, needed, local.
		{"a switch comes", 5},
		// Two doors again; the searches from the switch and from the router find
		// two, and one more until the first has ended.
		{"it goes", 7},
	} {
		if got := many[i].Evaluated; got > want.evaluated {
			t.Errorf("%s: %d rows are computed, want %d", want.what, got, want.evaluated)
		}
		if few[i].Changed != many[i].Changed {
			t.Errorf("%s: %d rows change behind a router with 500 switches, %d with 5", want.what, many[i].Changed, few[i].Changed)
		}
	}
	fewAll, _ := costs(t, 5, newWorld)
	manyAll, _ := costs(t, 500, newWorld)
	for i := range manyAll {
		if few, many := fewAll[i].Evaluated, manyAll[i].Evaluated; many > few {
			t.Errorf("step %d: all tables compute %d rows behind a router with 500 switches, %d with 5", i, many, few)
		}
	}
}

// BenchmarkOneSwitch joins a switch to a router that is needed, and takes it
// away again.
func BenchmarkOneSwitch(b *testing.B) {
	for _, n := range []int{50, 500, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newWorld(b)
			w.hubOf(n)
			for b.Loop() {
				w.spoke(n)
				w.Engine.Commit()
				w.withoutSpoke(n)
				w.Engine.Commit()
			}
		})
	}
}

// TestReach: what is needed are the datapaths of the ports that are here and
// those behind them; what is local, those of them that are followed.
func TestReach(t *testing.T) {
	w := newWorld(t)
	names := []string{"sw1", "sw2", "sw3", "router", "gateway", "outside", "lonely"}
	for i, n := range names {
		w.datapath(n, int64(i+1))
		w.chunk(n, "base", sb.Flow{Match: "1", Actions: "next;"})
	}
	link := func(a, b, chassis string) {
		w.door(a, a+"-"+b, b+"-"+a, chassis)
		w.door(b, b+"-"+a, a+"-"+b, chassis)
	}
	link("sw1", "router", "")
	link("sw2", "router", "")
	link("sw3", "router", "")
	link("router", "gateway", "hv2")
	link("gateway", "outside", "hv2")
	w.port("sw1", "vm1", 9, "")
	set := func(dps map[schema.UUID]Datapath) string {
		var s []string
		for _, n := range names {
			if _, ok := dps[id(n)]; ok {
				s = append(s, n)
			}
		}
		return strings.Join(s, " ")
	}
	for _, step := range []struct {
		what          string
		do            func()
		needed, local string
	}{
		{"no port is here", func() {}, "", ""},
		{"a port comes", func() { w.iface("vm1", 7) }, "sw1 sw2 sw3 router", "sw1 sw2 sw3 router"},
		{"flows are read one by one", func() {
			w.Unfollow(AllDatapaths)
			w.Follow(id("sw1"))
			w.Follow(id("lonely"))
		},
			"sw1 sw2 sw3 router", "sw1"},
		{"the gateway is ours", func() { link("router", "gateway", "hv1") }, "sw1 sw2 sw3 router gateway", "sw1"},
		{"by our host's name", func() { link("router", "gateway", "host1"); w.Follow(id("gateway")) },
			"sw1 sw2 sw3 router gateway", "sw1 gateway"},
		{"a door has no peer", func() { w.Ports.Delete(id("router-sw2")) }, "sw1 sw3 router gateway", "sw1 gateway"},
		{"a datapath is deleted", func() { w.Datapaths.Delete(id("router")) }, "sw1 sw3 gateway", "sw1 gateway"},
		{"the port goes, the gateway needs no VM", func() { w.Interfaces.Delete("if-vm1") }, "sw1 sw3 gateway", "sw1 gateway"},
		{"the gateway goes", func() { link("router", "gateway", "hv2") }, "", ""},
	} {
		step.do()
		w.commit()
		if got := set(maps.Collect(w.Needed.All())); got != step.needed {
			t.Errorf("%s: needed are %q, want %q", step.what, got, step.needed)
		}
		if got := set(maps.Collect(w.Local.All())); got != step.local {
			t.Errorf("%s: local are %q, want %q", step.what, got, step.local)
		}
		if n := len(strings.Fields(step.local)); w.Units.Len() != n {
			t.Errorf("%s: %d units are lowered, want %d", step.what, w.Units.Len(), n)
		}
	}
}
