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
// here, and by one back from gateway ports that may be here or elsewhere. Like packets,
// it goes through datapaths of which there is no row.
func (w world) searched() []schema.UUID {
	ports := maps.Collect(w.Ports.All())
	byName, standIns, wires := map[string]Port{}, map[string]schema.UUID{}, map[schema.UUID]bool{}
	for _, id := range slices.SortedFunc(maps.Keys(ports), func(a, b schema.UUID) int { return b.Compare(a) }) {
		p := ports[id]
		byName[p.Name] = p // that of the smallest UUID stays
		if p.Type == "chassisredirect" {
			standIns[p.For] = id
		}
		wires[p.Datapath] = wires[p.Datapath] || p.Type == "localnet"
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
	here := func(standIn schema.UUID) bool {
		ranked, _ := w.hosts.ranked.Get(ports[standIn].Group)
		return slices.Contains(ranked, self.Name)
	}
	next, back := map[schema.UUID][]schema.UUID{}, map[schema.UUID][]schema.UUID{}
	for _, p := range ports {
		peer, ok := byName[p.Peer]
		if !ok || !open(p) || !open(peer) || peer.Central && wires[p.Datapath] {
			continue
		}
		id, ok := standIns[p.Name]
		always := ok && p.Central && ports[id].Always
		if !always || ports[id].Datapath == p.Datapath && here(id) {
			next[p.Datapath] = append(next[p.Datapath], peer.Datapath)
		}
		if !always && p.Type == "patch" && peer.Type == "patch" { // so it is on each chassis
			back[peer.Datapath] = append(back[peer.Datapath], p.Datapath)
		}
	}
	var own, shared []schema.UUID
	for _, b := range w.Bound.All() {
		own = append(own, b.Datapath)
	}
	for id, p := range ports {
		switch {
		case p.Type == "l3gateway" && (p.Gateway == self.Name || p.Gateway == self.Hostname):
			own = append(own, p.Datapath)
		case p.Type == "chassisredirect" && here(id):
			own = append(own, p.Datapath)
			if ranked, _ := w.hosts.ranked.Get(p.Group); len(ranked) > 1 {
				shared = append(shared, p.Datapath)
			}
		}
	}
	found := map[schema.UUID]bool{}
	search := func(todo []schema.UUID, next map[schema.UUID][]schema.UUID) {
		seen := map[schema.UUID]bool{}
		for ; len(todo) > 0; todo = todo[1:] {
			if dp := todo[0]; !seen[dp] {
				seen[dp], found[dp] = true, true
				todo = append(todo, next[dp]...)
			}
		}
	}
	search(own, next)
	search(shared, back)
	var needed []schema.UUID
	for dp := range found {
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
			switch rapid.IntRange(0, 13).Draw(rt, "step") {
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
			case 9, 10: // a gateway port
				a, b := datapath(), datapath()
				w.gatewayPort(a, a+"-"+b, b+"-"+a, pick("group", "ha1", "ha2"), rapid.Bool().Draw(rt, "always"))
			case 11:
				w.haGroup(pick("group", "ha1", "ha2"), []string{"hv1", "hv2", "hv3"}[rapid.IntRange(0, 3).Draw(rt, "first"):]...)
			case 12:
				if dp := datapath(); rapid.Bool().Draw(rt, "wire") {
					w.Ports.Set(id("net-"+dp), Port{Name: "net-" + dp, Type: "localnet", Datapath: id(dp), Network: "phys"})
				} else {
					w.Ports.Delete(id("net-" + dp))
				}
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

// gatewayPort makes a router's port with the one that stands for it on a chassis of a
// group.
func (w world) gatewayPort(dp, name, peer, group string, always bool) {
	w.door(dp, name, peer, "")
	p, _ := w.Ports.Get(id(name))
	p.Central = true
	w.Ports.Set(id(name), p)
	w.Ports.Set(id("cr-"+name), Port{Name: "cr-" + name, Type: standInType, Datapath: id(dp), Key: 99, For: name, Group: id(group), Always: always})
}

// TestWhoIsWatched: where the chassis of a cloud have VMs and gateways, two watch each
// other or neither does, whatever way packets take between them.
func TestWhoIsWatched(t *testing.T) {
	const chassis, datapaths = 4, 8
	watches := map[int]int{}
	rapid.Check(t, func(rt *rapid.T) {
		var worlds []world
		for i := range chassis {
			w := world{New(incr.Workers(1)), t}
			w.Follow(AllDatapaths)
			w.Self.Set(struct{}{}, Self{Name: fmt.Sprint("hv", i)})
			for j := range chassis {
				name := fmt.Sprint("hv", j)
				w.Chassis.Set(id(name), &sb.Chassis{Name: name})
			}
			worlds = append(worlds, w)
		}
		all := func(do func(w world)) {
			for _, w := range worlds {
				do(w)
			}
		}
		datapath := func() string { return fmt.Sprint("dp", rapid.IntRange(0, datapaths-1).Draw(rt, "datapath")) }
		all(func(w world) {
			for i := range datapaths {
				w.datapath(fmt.Sprint("dp", i), int64(i+1))
			}
		})
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			a, b, always := datapath(), datapath(), rapid.Bool().Draw(rt, "always")
			i, group := rapid.IntRange(0, chassis-1).Draw(rt, "chassis"), fmt.Sprint("ha", rapid.IntRange(0, 2).Draw(rt, "group"))
			switch rapid.IntRange(0, 6).Draw(rt, "step") {
			case 6: // a gateway router, all of which is on one chassis
				all(func(w world) {
					w.datapath("g-"+a, int64(100+i))
					w.door("g-"+a, "g-"+a+"-"+b, b+"-g-"+a, "hv"+a[2:3])
					w.door(b, b+"-g-"+a, "g-"+a+"-"+b, "hv"+a[2:3])
				})
			case 0, 1:
				all(func(w world) {
					w.gatewayPort(a, a+"-"+b, b+"-"+a, group, always)
					w.door(b, b+"-"+a, a+"-"+b, "")
				})
			case 2:
				all(func(w world) {
					w.door(a, a+"-"+b, b+"-"+a, "")
					w.door(b, b+"-"+a, a+"-"+b, "")
				})
			case 3:
				all(func(w world) {
					w.Ports.Set(id("net-"+a), Port{Name: "net-" + a, Type: localnet, Datapath: id(a)})
				})
			case 4:
				names := []string{fmt.Sprint("hv", i), fmt.Sprint("hv", (i+1)%chassis)}
				all(func(w world) { w.haGroup(group, names...) })
			default:
				vm := "vm-" + a
				worlds[i].iface(vm, 7)
				all(func(w world) {
					w.port(a, vm, 20, "")
					w.claim(vm, fmt.Sprint("hv", i), 10, "")
				})
			}
		}
		all(func(w world) { w.commit() })
		for i, w := range worlds {
			for name := range w.Watched.All() {
				var j int
				fmt.Sscanf(name, "hv%d", &j)
				if _, back := worlds[j].Watched.Get(fmt.Sprint("hv", i)); !back {
					rt.Errorf("hv%d watches %s, which does not watch it", i, name)
				}
			}
			watches[w.Watched.Len()]++
		}
	})
	if watches[0] == 0 || watches[1]+watches[2]+watches[3] == 0 {
		t.Errorf("a weak test: how many are watched: %v", watches)
	}
}

// TestGatewaysOfOthersCostNothing: a provider network on which a thousand routers have
// their gateway ports costs a chassis those routers that it has to do with, and the
// network itself where something of them leaves here.
func TestGatewaysOfOthersCostNothing(t *testing.T) {
	w := newReach(t)
	w.datapath("ext", 1)
	w.Ports.Set(id("net"), Port{Name: "net", Type: localnet, Datapath: id("ext"), Network: "phys"})
	w.haGroup("ours", "hv1", "hv2")
	w.haGroup("others", "hv2", "hv3")
	const n = 1000
	tenant := func(i int, group string, always bool) {
		r, sw := fmt.Sprint("r", i), fmt.Sprint("sw", i)
		w.datapath(r, int64(10+i))
		w.datapath(sw, int64(5000+i))
		w.door(sw, sw+"-"+r, r+"-"+sw, "")
		w.door(r, r+"-"+sw, sw+"-"+r, "")
		w.door("ext", "ext-"+r, r+"-ext", "")
		w.gatewayPort(r, r+"-ext", "ext-"+r, group, always)
	}
	for i := range n {
		tenant(i, "others", i%2 == 0)
	}
	w.port("sw0", "vm0", 20, "")
	w.port("sw1", "vm1", 20, "")
	for _, step := range []struct {
		what   string
		do     func()
		needed int
	}{
		{"nothing is here", func() {}, 0},
		{"a VM of a router of which all leaves elsewhere", func() { w.iface("vm0", 7) }, 2},
		{"a VM of one of which something leaves here", func() { w.iface("vm1", 8) }, 5},
		{"a router whose gateway we may be", func() { tenant(2, "ours", true) }, 7},
		{"the wire goes: the gateways are reached over the network alone", func() { w.Ports.Delete(id("net")) }, 2*n + 1},
	} {
		step.do()
		w.commit()
		if got := w.Needed.Len(); got != step.needed {
			t.Errorf("%s: %d datapaths are needed, want %d", step.what, got, step.needed)
		}
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
		// Two doors, the switch that is reached, needed, local.
		{"a switch comes", 5},
		// Two doors again; the switch, lost and looked at again; needed, local.
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
