package tables

import (
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// etcdRows are rows as etcd has them, and what an agent follows and asks for.
type etcdRows struct {
	ports    map[schema.UUID]Port
	claims   map[ClaimKey]Claim
	groups   map[schema.UUID]*sb.MulticastGroup
	members  map[Member]struct{}
	followed map[schema.UUID]bool
	ifaces   map[string]string
}

func noRows() *etcdRows {
	return &etcdRows{map[schema.UUID]Port{}, map[ClaimKey]Claim{}, map[schema.UUID]*sb.MulticastGroup{}, map[Member]struct{}{}, map[schema.UUID]bool{}, map[string]string{}}
}

// lets is the rule of the shelf, in other words.
func (m *etcdRows) lets(port schema.UUID) bool {
	p, ok := m.ports[port]
	for _, name := range m.ifaces {
		if ok && name == p.Name {
			return true
		}
	}
	return ok && (p.Type != "" || m.followed[p.Datapath] || m.followed[AllDatapaths])
}

func (m *etcdRows) letsClaims(port schema.UUID) bool { return m.lets(port) || m.followed[AllDatapaths] }

func (m *etcdRows) letsMembers(group schema.UUID) bool {
	g, ok := m.groups[group]
	return ok && m.followed[g.Datapath] || m.followed[AllDatapaths]
}

// compare compares the inputs with what must be in them, and the shelf with the
// number of rows that must be on it.
func (m *etcdRows) compare(t *rapid.T, w *Tables) {
	ports, claims, members := maps.Clone(m.ports), maps.Clone(m.claims), maps.Clone(m.members)
	maps.DeleteFunc(ports, func(id schema.UUID, _ Port) bool { return !m.lets(id) })
	maps.DeleteFunc(claims, func(k ClaimKey, _ Claim) bool { return !m.letsClaims(k.Port) })
	maps.DeleteFunc(members, func(k Member, _ struct{}) bool { return !m.letsMembers(k.Group) })
	if got := maps.Collect(w.Ports.All()); !maps.Equal(got, ports) {
		t.Fatalf("ports %v, want %v", got, ports)
	}
	if got := maps.Collect(w.Claims.All()); !maps.Equal(got, claims) {
		t.Fatalf("claims %v, want %v", got, claims)
	}
	if got := maps.Collect(w.GroupPorts.All()); !maps.Equal(got, members) {
		t.Fatalf("members %v, want %v", got, members)
	}
	named := map[schema.UUID]bool{} // by what is on the shelf
	for id := range m.ports {
		named[id] = !m.lets(id)
	}
	for k := range m.claims {
		named[k.Port] = named[k.Port] || !m.letsClaims(k.Port)
	}
	for k := range m.members {
		named[k.Row] = named[k.Row] || !m.letsMembers(k.Group)
	}
	maps.DeleteFunc(named, func(_ schema.UUID, on bool) bool { return !on })
	if s := &w.shelf.ports; len(s.byID) != len(named) || int(s.n)-len(s.free) != len(named) {
		t.Fatalf("%d ports have numbers, %d in use, want %d", len(s.byID), int(s.n)-len(s.free), len(named))
	}
}

// TestShelf: whatever comes in whatever order, the inputs hold the rows that they
// must, and no others.
func TestShelf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, m := New(), noRows()
		feeds := w.shelf
		pick := func(of string, n int) string { return fmt.Sprint(of, rapid.IntRange(0, n-1).Draw(t, of)) }
		yes := func(what string) bool { return rapid.Bool().Draw(t, what) }
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			port, dp, group, name := id(pick("p", 6)), id(pick("dp", 3)), id(pick("mc", 4)), pick("vm", 4)
			switch rapid.IntRange(0, 8).Draw(t, "step") {
			case 0, 1:
				row := Port{Name: name, Datapath: dp, Key: uint32(len(m.ports) + 1)}
				if row.Requested = ""; yes("requested") {
					row.Requested = pick("hv", 2)
				}
				if yes("version") {
					row.Version = pick("version", 3)
				}
				if yes("security") {
					row.Security = securityOf([]string{pick("element", 2)})
				}
				if rapid.IntRange(0, 4).Draw(t, "type") == 0 {
					row.Type, row.Peer = "patch", "peer"
				}
				m.ports[port] = row
				feeds.setPort(port, row)
			case 2: // with its claims, as happens
				delete(m.ports, port)
				feeds.deletePort(port)
				for k := range m.claims {
					if k.Port == port {
						delete(m.claims, k)
						feeds.deleteClaim(k)
					}
				}
			case 3:
				k, c := ClaimKey{port, pick("hv", 2)}, Claim{Rev: int64(len(m.claims) + 1)}
				if yes("encap") {
					c.Encap = id("encap")
				}
				if m.claims[k] = c; yes("set") {
					feeds.setClaim(k, c)
				} else {
					delete(m.claims, k)
					feeds.deleteClaim(k)
				}
			case 4:
				if yes("set") {
					m.groups[group] = &sb.MulticastGroup{Datapath: dp, Name: "_MC_flood"}
					feeds.setGroup(group, m.groups[group])
				} else {
					delete(m.groups, group)
					feeds.deleteGroup(group)
				}
			case 5, 6:
				k := Member{group, port}
				if m.members[k] = struct{}{}; yes("set") {
					feeds.setMember(k, struct{}{})
				} else {
					delete(m.members, k)
					feeds.deleteMember(k)
				}
			case 7:
				switch {
				case m.followed[dp]:
					delete(m.followed, dp)
					w.Unfollow(dp)
				default:
					m.followed[dp] = true
					w.Follow(dp)
				}
			case 8:
				iface := pick("if", 3)
				if m.ifaces[iface] = name; yes("set") {
					w.SetInterface(binding.Interface{UUID: iface, ID: name})
				} else {
					delete(m.ifaces, iface)
					w.DeleteInterface(iface)
				}
			}
			if rapid.IntRange(0, 5).Draw(t, "reread") == 0 {
				m.reread(t, w)
			}
			w.Feeds.Rest()
			m.compare(t, w)
			if yes("commit") {
				w.Engine.Commit()
			}
		}
	})
}

// reread tells the complete state again, with all datapaths followed or with
// those that were.
func (m *etcdRows) reread(t *rapid.T, w *Tables) {
	w.Feeds.Reset()
	var rows []func()
	for id, p := range m.ports {
		rows = append(rows, func() { w.shelf.setPort(id, p) })
	}
	for k, c := range m.claims {
		rows = append(rows, func() { w.shelf.setClaim(k, c) })
	}
	for id, g := range m.groups {
		rows = append(rows, func() { w.shelf.setGroup(id, g) })
	}
	for k := range m.members {
		rows = append(rows, func() { w.shelf.setMember(k, struct{}{}) })
	}
	all := m.followed[AllDatapaths]
	if rapid.IntRange(0, 3).Draw(t, "all") == 0 {
		all = !all
	}
	if delete(m.followed, AllDatapaths); all {
		m.followed = map[schema.UUID]bool{AllDatapaths: true}
	}
	for dp := range m.followed {
		rows = append(rows, func() { w.Follow(dp) })
	}
	if len(rows) > 0 {
		for _, row := range rapid.Permutation(rows).Draw(t, "rows") {
			row()
		}
	}
	w.Feeds.EndReset()
}
