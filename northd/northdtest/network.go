package northdtest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// Network is a northbound database and what a compiler has made of it.
type Network struct {
	C       *northd.Compiler
	Options northd.Options
	Rows    map[schema.UUID]northd.Change // New is the row

	// Next is what the next Apply gives the compiler.
	Next northd.Input

	// The state that the outputs lead to: southbound rows by table, and
	// chunks of flows by path.
	SB    map[string]map[schema.UUID]schema.Row
	Units map[string]string

	problems map[northd.Problem]bool
	agents   map[schema.UUID]northd.Change // southbound rows that agents wrote
	claims   map[schema.UUID]*northd.Claim
}

// New returns an empty network.
func New(o northd.Options) *Network { return With(o, northd.New(o)) }

// With returns an empty network with a compiler.
func With(o northd.Options, c *northd.Compiler) *Network {
	return &Network{
		C: c, Options: o, Rows: map[schema.UUID]northd.Change{}, SB: map[string]map[schema.UUID]schema.Row{}, Units: map[string]string{},
		problems: map[northd.Problem]bool{}, agents: map[schema.UUID]northd.Change{}, claims: map[schema.UUID]*northd.Claim{},
	}
}

// ID is the UUID of a row, by a name that the test gives it.
func ID(name string) schema.UUID { return schema.NameUUID("test", name) }

// Put sets a row of any northbound table.
func (n *Network) Put(table string, row schema.Row) {
	u := row.RowUUID()
	ch := northd.Change{Table: table, UUID: u, Old: n.Rows[u].New, New: row}
	if ch.Old != nil && n.Rows[u].Table != table {
		panic("northdtest: " + table + " and " + n.Rows[u].Table + " have a row of one name")
	}
	n.Rows[u] = ch
	n.Next.NB = append(n.Next.NB, ch)
}

// Remove deletes a row.
func (n *Network) Remove(u schema.UUID) {
	old, ok := n.Rows[u]
	if !ok {
		return
	}
	delete(n.Rows, u)
	n.Next.NB = append(n.Next.NB, northd.Change{Table: old.Table, UUID: u, Old: old.New})
}

// Switch returns a switch to change and put with PutSwitch.
func (n *Network) Switch(name string) *nb.LogicalSwitch {
	if ch, ok := n.Rows[ID(name)]; ok {
		s := *ch.New.(*nb.LogicalSwitch)
		return &s
	}
	return &nb.LogicalSwitch{Header: schema.Header{UUID: ID(name)}, Name: name}
}

// Port returns a switch port to change and put with AddPort.
func (n *Network) Port(name string) *nb.LogicalSwitchPort {
	if ch, ok := n.Rows[ID(name)]; ok {
		p := *ch.New.(*nb.LogicalSwitchPort)
		return &p
	}
	return &nb.LogicalSwitchPort{Header: schema.Header{UUID: ID(name)}, Name: name}
}

// PutSwitch sets a switch.
func (n *Network) PutSwitch(s *nb.LogicalSwitch) { n.Put("Logical_Switch", s) }

// PutPort sets a port.
func (n *Network) PutPort(p *nb.LogicalSwitchPort) { n.Put("Logical_Switch_Port", p) }

// AddPort puts a port and adds it to a switch.
func (n *Network) AddPort(sw string, p *nb.LogicalSwitchPort) {
	s := n.Switch(sw)
	at, found := slices.BinarySearchFunc(s.Ports, p.UUID, schema.UUID.Compare)
	if !found {
		s.Ports = slices.Insert(slices.Clone(s.Ports), at, p.UUID)
		n.PutSwitch(s)
	}
	n.PutPort(p)
}

// DelPort takes a port from its switch and deletes it.
func (n *Network) DelPort(sw, port string) {
	s := n.Switch(sw)
	s.Ports = slices.DeleteFunc(slices.Clone(s.Ports), func(u schema.UUID) bool { return u == ID(port) })
	n.PutSwitch(s)
	n.Remove(ID(port))
}

// ACL returns an ACL to change and put with AddACL.
func (n *Network) ACL(name string) *nb.ACL {
	if ch, ok := n.Rows[ID(name)]; ok {
		a := *ch.New.(*nb.ACL)
		return &a
	}
	return &nb.ACL{Header: schema.Header{UUID: ID(name)}, Direction: "to-lport", Match: "ip", Action: "allow"}
}

// AddACL puts an ACL and gives it to a port group if there is one of that
// name, else to a switch.
func (n *Network) AddACL(owner string, a *nb.ACL) {
	add := func(acls []schema.UUID) []schema.UUID { return sorted(append(slices.Clone(acls), a.UUID)) }
	if ch, ok := n.Rows[ID(owner)]; ok && ch.Table == "Port_Group" {
		g := *ch.New.(*nb.PortGroup)
		g.ACLs = add(g.ACLs)
		n.Put("Port_Group", &g)
	} else {
		s := n.Switch(owner)
		s.ACLs = add(s.ACLs)
		n.PutSwitch(s)
	}
	n.Put("ACL", a)
}

// DelACL takes an ACL from its owner and deletes it.
func (n *Network) DelACL(owner, name string) {
	without := func(acls []schema.UUID) []schema.UUID {
		return slices.DeleteFunc(slices.Clone(acls), func(u schema.UUID) bool { return u == ID(name) })
	}
	if ch := n.Rows[ID(owner)]; ch.Table == "Port_Group" {
		g := *ch.New.(*nb.PortGroup)
		g.ACLs = without(g.ACLs)
		n.Put("Port_Group", &g)
	} else {
		s := n.Switch(owner)
		s.ACLs = without(s.ACLs)
		n.PutSwitch(s)
	}
	n.Remove(ID(name))
}

// PutGroup sets the ports of a port group.
func (n *Network) PutGroup(name string, ports ...string) {
	g := &nb.PortGroup{Header: schema.Header{UUID: ID(name)}, Name: name}
	if ch, ok := n.Rows[g.UUID]; ok {
		g.ACLs = ch.New.(*nb.PortGroup).ACLs
	}
	for _, p := range ports {
		g.Ports = append(g.Ports, ID(p))
	}
	g.Ports = sorted(g.Ports)
	n.Put("Port_Group", g)
}

// PutSet sets the addresses of an address set.
func (n *Network) PutSet(name string, addresses ...string) {
	slices.Sort(addresses)
	n.Put("Address_Set", &nb.AddressSet{Header: schema.Header{UUID: ID(name)}, Name: name, Addresses: addresses})
}

// Claim makes a chassis have a port; nil is none.
func (n *Network) Claim(port string, c *northd.Claim) {
	n.claims[ID(port)] = c
	if c == nil {
		delete(n.claims, ID(port))
	}
	if n.Next.Claims == nil {
		n.Next.Claims = map[schema.UUID]*northd.Claim{}
	}
	n.Next.Claims[ID(port)] = c
}

// SetChassis makes a chassis register, or go.
func (n *Network) SetChassis(name, host string, there bool) {
	ch := northd.Change{Table: "Chassis", UUID: schema.NameUUID("Chassis", name)}
	delete(n.agents, ch.UUID)
	if there {
		ch.New = &sb.Chassis{Header: schema.Header{UUID: ch.UUID}, Name: name, Hostname: host}
		n.agents[ch.UUID] = ch
	}
	n.Next.SB = append(n.Next.SB, ch)
}

// Wrote makes an agent have a southbound row; nil is none.
func (n *Network) Wrote(table string, id schema.UUID, row schema.Row) {
	ch := northd.Change{Table: table, UUID: id, New: row}
	if delete(n.agents, id); row != nil {
		n.agents[id] = ch
	}
	n.Next.SB = append(n.Next.SB, ch)
}

// Apply gives the compiler what was put, and follows its output.
func (n *Network) Apply(t Fatal) northd.Output {
	t.Helper()
	out := n.C.Apply(n.Next)
	n.Next = northd.Input{}
	for _, ch := range out.Rows {
		rows := n.SB[ch.Table]
		if rows == nil {
			rows = map[schema.UUID]schema.Row{}
			n.SB[ch.Table] = rows
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
			delete(n.Units, u.Path)
		} else {
			n.Units[u.Path] = string(u.Chunk)
		}
	}
	for _, p := range out.Solved {
		delete(n.problems, p)
	}
	for _, p := range out.Problems {
		n.problems[p] = true
		if strings.HasPrefix(p.Reason, "internal error") {
			t.Fatalf("%s %s: %s", p.Table, p.Name, p.Reason)
		}
	}
	if all := slices.SortedFunc(maps.Keys(n.problems), graph.Problem.Compare); !slices.Equal(all, n.C.Problems()) {
		t.Fatalf("problems are %v, the outputs lead to %v", n.C.Problems(), all)
	}
	return out
}

// Fatal is what ends a test: testing.TB or *rapid.T.
type Fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

// WriteBack does what a daemon does with the northbound changes.
func (n *Network) WriteBack(out northd.Output) {
	for _, ch := range out.NB {
		n.Put(ch.Table, ch.New)
	}
}

// Everything is the input of a fresh compiler, with the numbers of this one.
func (n *Network) Everything() northd.Input {
	in := northd.Input{Claims: n.claims}
	for _, u := range slices.SortedFunc(maps.Keys(n.Rows), schema.UUID.Compare) {
		ch := n.Rows[u]
		ch.Old = nil
		in.NB = append(in.NB, ch)
	}
	for _, ch := range n.agents {
		in.SB = append(in.SB, ch)
	}
	for _, table := range n.C.KeptTables() {
		for _, row := range n.SB[table] {
			in.Kept = append(in.Kept, row)
		}
	}
	return in
}

// String is the whole output state as text: rows, flows by stage, problems.
func (n *Network) String() string {
	var b strings.Builder
	for _, table := range slices.Sorted(maps.Keys(n.SB)) {
		for _, u := range slices.SortedFunc(maps.Keys(n.SB[table]), schema.UUID.Compare) {
			row := n.SB[table][u]
			fmt.Fprintf(&b, "%s %s %s\n", table, u, schema.EncodeRow(sb.Schema().Table(table), row, nil))
			for _, c := range sb.Schema().Table(table).Columns {
				if c.Members {
					fmt.Fprintf(&b, "  %s %v\n", c.Name, c.Get(row))
				}
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(n.Units)) {
		b.WriteString(flowText(path, n.Units[path]))
	}
	for _, p := range n.C.Problems() {
		fmt.Fprintln(&b, p)
	}
	for _, u := range n.C.Unread() {
		fmt.Fprintln(&b, u)
	}
	return b.String()
}

func flowText(path, chunk string) string {
	var b strings.Builder
	for _, f := range (northd.Unit{Chunk: []byte(chunk)}).Flows() {
		fmt.Fprintf(&b, "%s %s %d %s => %s [%s %s]\n", path, f.Stage, f.Priority, f.Match, f.Actions, f.Source, f.Hint)
	}
	return b.String()
}

// Flows returns the logical flows that hold on a datapath.
func (n *Network) Flows(datapath schema.UUID) []sb.Flow {
	var all []sb.Flow
	for path, chunk := range n.Units {
		owner, err := schema.ParseUUID(path[:36])
		if err != nil {
			panic(err)
		}
		if g, ok := n.SB["Logical_DP_Group"][owner].(*sb.LogicalDPGroup); ok {
			if !slices.Contains(g.Datapaths, datapath) {
				continue
			}
		} else if owner != datapath {
			continue
		}
		all = append(all, (northd.Unit{Chunk: []byte(chunk)}).Flows()...)
	}
	slices.SortFunc(all, func(a, b sb.Flow) int {
		return cmp.Or(cmp.Compare(a.Pipeline, b.Pipeline), cmp.Compare(a.Table, b.Table), cmp.Compare(b.Priority, a.Priority),
			cmp.Compare(a.Match, b.Match), cmp.Compare(a.Actions, b.Actions))
	})
	return all
}

// FlowsOf returns the flows that hold on a datapath, as "stage priority match
// => actions", with a meter if there is one, in the order of stage and priority.
func (n *Network) FlowsOf(name string) []string {
	var texts []string
	for _, f := range n.Flows(ID(name)) {
		text := fmt.Sprintf("%-22s %5d  %s => %s", f.Stage, f.Priority, f.Match, f.Actions)
		if f.ControllerMeter != "" {
			text += " meter " + f.ControllerMeter
		}
		texts = append(texts, text)
	}
	return texts
}

func sorted(list []schema.UUID) []schema.UUID {
	slices.SortFunc(list, schema.UUID.Compare)
	return slices.Compact(list)
}
