package northd

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// network is a northbound database and what a compiler has made of it.
type network struct {
	c    *Compiler
	opts Options
	rows map[schema.UUID]Change // New is the row

	chassis map[schema.UUID]*sb.Chassis
	claims  map[schema.UUID]*Claim

	next Input

	// The state that the outputs lead to.
	sb       map[string]map[schema.UUID]schema.Row
	units    map[string]string
	problems map[Problem]bool
}

func newNetwork(o Options) *network {
	return &network{c: New(o), opts: o, rows: map[schema.UUID]Change{}, chassis: map[schema.UUID]*sb.Chassis{}, claims: map[schema.UUID]*Claim{},
		sb: map[string]map[schema.UUID]schema.Row{}, units: map[string]string{}, problems: map[Problem]bool{}}
}

func id(name string) schema.UUID { return schema.NameUUID("test", name) }

// put sets a row of any northbound table.
func (n *network) put(table string, row schema.Row) {
	u := row.RowUUID()
	ch := Change{Table: table, UUID: u, Old: n.rows[u].New, New: row}
	n.rows[u] = ch
	n.next.NB = append(n.next.NB, ch)
}

func (n *network) remove(u schema.UUID) {
	old, ok := n.rows[u]
	if !ok {
		return
	}
	delete(n.rows, u)
	n.next.NB = append(n.next.NB, Change{Table: old.Table, UUID: u, Old: old.New})
}

func (n *network) ls(name string) *nb.LogicalSwitch {
	if ch, ok := n.rows[id(name)]; ok {
		s := *ch.New.(*nb.LogicalSwitch)
		return &s
	}
	return &nb.LogicalSwitch{Header: schema.Header{UUID: id(name)}, Name: name}
}

func (n *network) lsp(name string) *nb.LogicalSwitchPort {
	if ch, ok := n.rows[id(name)]; ok {
		p := *ch.New.(*nb.LogicalSwitchPort)
		return &p
	}
	return &nb.LogicalSwitchPort{Header: schema.Header{UUID: id(name)}, Name: name}
}

func (n *network) putLS(s *nb.LogicalSwitch)      { n.put("Logical_Switch", s) }
func (n *network) putLSP(p *nb.LogicalSwitchPort) { n.put("Logical_Switch_Port", p) }

// addPort puts a port and adds it to a switch.
func (n *network) addPort(sw string, p *nb.LogicalSwitchPort) {
	s := n.ls(sw)
	at, found := slices.BinarySearchFunc(s.Ports, p.UUID, schema.UUID.Compare)
	if !found {
		s.Ports = slices.Insert(slices.Clone(s.Ports), at, p.UUID)
		n.putLS(s)
	}
	n.putLSP(p)
}

func (n *network) delPort(sw, port string) {
	s := n.ls(sw)
	s.Ports = slices.DeleteFunc(slices.Clone(s.Ports), func(u schema.UUID) bool { return u == id(port) })
	n.putLS(s)
	n.remove(id(port))
}

// acl returns an ACL to change and put with addACL.
func (n *network) acl(name string) *nb.ACL {
	if ch, ok := n.rows[id(name)]; ok {
		a := *ch.New.(*nb.ACL)
		return &a
	}
	return &nb.ACL{Header: schema.Header{UUID: id(name)}, Direction: "to-lport", Match: "ip", Action: "allow"}
}

// addACL puts an ACL and gives it to a port group if there is one of that
// name, else to a switch.
func (n *network) addACL(owner string, a *nb.ACL) {
	add := func(acls []schema.UUID) []schema.UUID { return sorted(append(slices.Clone(acls), a.UUID)) }
	if ch, ok := n.rows[id(owner)]; ok && ch.Table == "Port_Group" {
		g := *ch.New.(*nb.PortGroup)
		g.ACLs = add(g.ACLs)
		n.put("Port_Group", &g)
	} else {
		s := n.ls(owner)
		s.ACLs = add(s.ACLs)
		n.putLS(s)
	}
	n.put("ACL", a)
}

func (n *network) delACL(owner, name string) {
	without := func(acls []schema.UUID) []schema.UUID {
		return slices.DeleteFunc(slices.Clone(acls), func(u schema.UUID) bool { return u == id(name) })
	}
	if ch := n.rows[id(owner)]; ch.Table == "Port_Group" {
		g := *ch.New.(*nb.PortGroup)
		g.ACLs = without(g.ACLs)
		n.put("Port_Group", &g)
	} else {
		s := n.ls(owner)
		s.ACLs = without(s.ACLs)
		n.putLS(s)
	}
	n.remove(id(name))
}

// putPG sets the ports of a port group.
func (n *network) putPG(name string, ports ...string) {
	g := &nb.PortGroup{Header: schema.Header{UUID: id(name)}, Name: name}
	if ch, ok := n.rows[g.UUID]; ok {
		g.ACLs = ch.New.(*nb.PortGroup).ACLs
	}
	for _, p := range ports {
		g.Ports = append(g.Ports, id(p))
	}
	g.Ports = sorted(g.Ports)
	n.put("Port_Group", g)
}

// putAS sets the addresses of an address set.
func (n *network) putAS(name string, addresses ...string) {
	slices.Sort(addresses)
	n.put("Address_Set", &nb.AddressSet{Header: schema.Header{UUID: id(name)}, Name: name, Addresses: addresses})
}

func (n *network) claim(port string, c *Claim) {
	n.claims[id(port)] = c
	if c == nil {
		delete(n.claims, id(port))
	}
	if n.next.Claims == nil {
		n.next.Claims = map[schema.UUID]*Claim{}
	}
	n.next.Claims[id(port)] = c
}

func (n *network) addChassis(name, host string, there bool) {
	var row *sb.Chassis
	if there {
		row = &sb.Chassis{Header: schema.Header{UUID: schema.NameUUID("Chassis", name)}, Name: name, Hostname: host}
		n.chassis[row.UUID] = row
	} else {
		delete(n.chassis, schema.NameUUID("Chassis", name))
	}
	if n.next.Chassis == nil {
		n.next.Chassis = map[schema.UUID]*sb.Chassis{}
	}
	n.next.Chassis[schema.NameUUID("Chassis", name)] = row
}

// apply gives the compiler what was put, and follows its output.
func (n *network) apply(t fatal) Output {
	t.Helper()
	out := n.c.Apply(n.next)
	n.next = Input{}
	for _, ch := range out.Rows {
		rows := n.sb[ch.Table]
		if rows == nil {
			rows = map[schema.UUID]schema.Row{}
			n.sb[ch.Table] = rows
		}
		if (rows[ch.UUID] == nil) != (ch.Old == nil) {
			t.Fatalf("%s %s: change says that there was %v, there was %v", ch.Table, ch.UUID, ch.Old, rows[ch.UUID])
		}
		if ch.New == nil {
			delete(rows, ch.UUID)
		} else {
			rows[ch.UUID] = ch.New
		}
	}
	for _, u := range out.Units {
		if u.Chunk == nil {
			delete(n.units, u.Path)
		} else {
			n.units[u.Path] = string(u.Chunk)
		}
	}
	for _, p := range out.Solved {
		delete(n.problems, p)
	}
	for _, p := range out.Problems {
		n.problems[p] = true
	}
	if all := slices.SortedFunc(maps.Keys(n.problems), Problem.Compare); !slices.Equal(all, n.c.Problems()) {
		t.Fatalf("problems are %v, the outputs lead to %v", n.c.Problems(), all)
	}
	return out
}

type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

// writeBack does what a daemon does with the northbound changes.
func (n *network) writeBack(out Output) {
	for _, ch := range out.NB {
		n.put(ch.Table, ch.New)
	}
}

// everything is the input of a fresh compiler, with the keys of this one.
func (n *network) everything() Input {
	in := Input{Chassis: n.chassis, Claims: n.claims, DatapathKeys: map[schema.UUID]int{}, PortKeys: map[schema.UUID]int{}, ACLIDs: map[schema.UUID]int{}}
	for _, u := range slices.SortedFunc(maps.Keys(n.rows), schema.UUID.Compare) {
		ch := n.rows[u]
		ch.Old = nil
		in.NB = append(in.NB, ch)
	}
	for u, row := range n.sb["Datapath_Binding"] {
		in.DatapathKeys[u] = int(row.(*sb.DatapathBinding).TunnelKey)
	}
	for u, row := range n.sb["ACL_ID"] {
		in.ACLIDs[u] = int(row.(*sb.ACLID).ID)
	}
	for u, row := range n.sb["Port_Binding"] {
		in.PortKeys[u] = int(row.(*sb.PortBinding).TunnelKey)
	}
	return in
}

// String is the whole output state as text: rows, flows by stage, problems.
func (n *network) String() string {
	var b strings.Builder
	for _, table := range slices.Sorted(maps.Keys(n.sb)) {
		for _, u := range slices.SortedFunc(maps.Keys(n.sb[table]), schema.UUID.Compare) {
			row := n.sb[table][u]
			fmt.Fprintf(&b, "%s %s %s\n", table, u, schema.EncodeRow(sb.Schema().Table(table), row, nil))
			for _, c := range sb.Schema().Table(table).Columns {
				if c.Members {
					fmt.Fprintf(&b, "  %s %v\n", c.Name, c.Get(row))
				}
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(n.units)) {
		b.WriteString(flowText(path, n.units[path]))
	}
	for _, p := range n.c.Problems() {
		fmt.Fprintln(&b, p)
	}
	return b.String()
}

func flowText(path, chunk string) string {
	var b strings.Builder
	for _, f := range (Unit{Chunk: []byte(chunk)}).Flows() {
		fmt.Fprintf(&b, "%s %s %d %s => %s [%s %s]\n", path, f.Stage, f.Priority, f.Match, f.Actions, f.Source, f.Hint)
	}
	return b.String()
}

// flowsOf returns the flows that hold on a switch, as
// "stage priority match => actions", with a meter if there is one, in the order of stage and priority.
func (n *network) flowsOf(sw string) []string {
	type line struct {
		pipeline, table, priority int
		text                      string
	}
	var lines []line
	for path, chunk := range n.units {
		owner, err := schema.ParseUUID(path[:36])
		if err != nil {
			panic(err)
		}
		if g, ok := n.sb["Logical_DP_Group"][owner].(*sb.LogicalDPGroup); ok {
			if !slices.Contains(g.Datapaths, id(sw)) {
				continue
			}
		} else if owner != id(sw) {
			continue
		}
		for _, f := range (Unit{Chunk: []byte(chunk)}).Flows() {
			text := fmt.Sprintf("%-22s %5d  %s => %s", f.Stage, f.Priority, f.Match, f.Actions)
			if f.ControllerMeter != "" {
				text += " meter " + f.ControllerMeter
			}
			lines = append(lines, line{int(f.Pipeline), int(f.Table), int(f.Priority), text})
		}
	}
	slices.SortFunc(lines, func(a, b line) int {
		for _, d := range []int{a.pipeline - b.pipeline, a.table - b.table, b.priority - a.priority} {
			if d != 0 {
				return d
			}
		}
		return strings.Compare(a.text, b.text)
	})
	texts := make([]string, len(lines))
	for i, l := range lines {
		texts[i] = l.text
	}
	return texts
}

// TestOwners: each stage has exactly one priority-0 flow on any switch, from
// the feature that owns it, and it matches everything.
func TestOwners(t *testing.T) {
	for _, k := range []class{{}, {VLANPassthru: true}, {Unknown: true}, {VLANPassthru: true, Unknown: true},
		{policy: policy{ACLs: true}}, {policy: policy{ACLs: true, Stateful: true, Tiers: [3]uint8{3, 0, 1}}},
		{policy: policy{ACLs: true, Stateful: true}, DefaultDrop: true, NoInvalid: true}} {
		c := New(Options{})
		u, _ := c.baseFlows(k, "")
		got := map[string][]string{}
		for _, f := range (Unit{Chunk: u.chunk}).Flows() {
			if f.Priority == 0 {
				if f.Match != "1" {
					t.Errorf("%s: priority 0 matches %s", f.Stage, f.Match)
				}
				got[f.Stage] = append(got[f.Stage], f.Source)
			}
		}
		for _, p := range pipeline.All() {
			for _, s := range p.Stages {
				if !p.Router && !slices.Equal(got[s.Name], []string{s.Owner}) {
					t.Errorf("%v: %s, which %s owns, has priority-0 flows of %v", k, s.Name, s.Owner, got[s.Name])
				}
			}
		}
	}
}
