package northdtest

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

var update = flag.Bool("update", false, "rewrite the golden files; commit only differences that you understand")

// Run runs scenario files: the comment of each file is a list of commands, its
// files are what they must lead to:
//
//	ls NAME [COLUMN VALUE]…          adds or changes a switch
//	lsp SWITCH PORT [COLUMN VALUE]…  adds or changes a port
//	lsp-del SWITCH PORT, ls-del NAME
//	acl OWNER NAME DIRECTION PRIORITY MATCH ACTION [COLUMN VALUE]…
//	                                 adds or changes an ACL of a switch or port group
//	acl-del OWNER NAME
//	pg NAME [PORT]…                  adds or changes a port group
//	as NAME [ADDRESS]…               adds or changes an address set
//	sample NAME METADATA [PROBABILITY]…
//	                                 adds or changes a sample with collectors, one for each probability
//	sampling-app TYPE ID
//	lr NAME [COLUMN VALUE]…          adds or changes a router
//	lrp ROUTER PORT [COLUMN VALUE]…  adds or changes a router's port
//	lrp-del ROUTER PORT, lr-del NAME
//	in TABLE OWNER COLUMN TABLE NAME [COLUMN VALUE]…
//	                                 adds or changes any row that a column of another one refers to
//	out TABLE OWNER COLUMN NAME      takes it away
//	row TABLE NAME [COLUMN VALUE]…   adds or changes a row that nobody need refer to; @NAME
//	                                 as a value is its UUID
//	row-del NAME
//	wrote TABLE NAME [COLUMN VALUE]… a southbound row as agents write it; its UUID is that of
//	                                 NAME, or that of the words in WORD/WORD… in the table
//	wrote-del TABLE NAME
//	copp SWITCH PROTOCOL=METER…      control-plane protection of a switch
//	pg-del NAME, as-del NAME
//	meter NAME RATE [COLUMN VALUE]…  adds or changes a meter of pktps with one band
//	claim PORT CHASSIS up|down, unclaim PORT
//	chassis NAME HOSTNAME
//	global [KEY=VALUE]…              NB_Global options
//	apply                            compiles; the end of the commands does too
//
// Files: "flows NAME [STAGE]" (of a switch, without the flows of an empty one;
// of stages whose names end so), "flows" (of an empty switch), "rows",
// "problems" (with what nobody reads), "back" (what the last apply wrote back).
func Run(t *testing.T, pattern string) {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) { runScenario(t, name) })
	}
}

func runScenario(t *testing.T, name string) {
	a, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	n := New(northd.Options{})
	for _, line := range strings.Split(string(a.Comment), "\n") {
		n.Do(t, line)
	}
	out := n.Apply(t)
	if err := n.C.Check(); err != nil {
		t.Error(err)
	}
	changed := false
	for i, f := range a.Files {
		got := n.golden(t, f.Name, out)
		if want := string(f.Data); got != want {
			changed = true
			a.Files[i].Data = []byte(got)
			if !*update {
				t.Errorf("%s: %s:\n%swant:\n%s", name, f.Name, got, want)
			}
		}
	}
	if changed && *update {
		if err := os.WriteFile(name, txtar.Format(a), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// words splits a line at blanks, but not within double quotes; # begins a
// comment.
func words(line string) []string {
	var all []string
	for line = strings.TrimSpace(line); line != "" && line[0] != '#'; line = strings.TrimSpace(line) {
		var word string
		if q, err := strconv.QuotedPrefix(line); err == nil {
			word, _ = strconv.Unquote(q)
			line = line[len(q):]
		} else {
			word, line, _ = strings.Cut(line, " ")
		}
		all = append(all, word)
	}
	return all
}

// Do runs a command line.
func (n *Network) Do(t testing.TB, line string) {
	t.Helper()
	args := words(line)
	if len(args) == 0 {
		return
	}
	switch args[0] {
	case "apply":
		n.Apply(t)
	case "ls":
		n.Set(t, "Logical_Switch", args[1], args[2:])
	case "lsp":
		n.SetIn(t, "Logical_Switch", args[1], "ports", "Logical_Switch_Port", args[2], args[3:])
	case "lsp-del":
		n.DelPort(args[1], args[2])
	case "lr":
		n.Set(t, "Logical_Router", args[1], args[2:])
	case "lrp":
		n.SetIn(t, "Logical_Router", args[1], "ports", "Logical_Router_Port", args[2], args[3:])
	case "lrp-del":
		n.TakeOut(t, "Logical_Router", args[1], "ports", args[2])
	case "in":
		n.SetIn(t, args[1], args[2], args[3], args[4], args[5], args[6:])
	case "out":
		n.TakeOut(t, args[1], args[2], args[3], args[4])
	case "row":
		n.Set(t, args[1], args[2], args[3:])
	case "wrote":
		d := sb.Schema().Table(args[1])
		id := southboundID(args[1], args[2])
		row := d.New(id)
		setColumns(t, d, row, args[3:])
		n.Wrote(args[1], id, row)
	case "wrote-del":
		n.Wrote(args[1], southboundID(args[1], args[2]), nil)
	case "ls-del", "lr-del", "row-del":
		n.Remove(ID(args[1]))
	case "acl":
		a := n.ACL(args[2])
		priority, err := strconv.ParseInt(args[4], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		a.Direction, a.Priority, a.Match, a.Action = args[3], priority, args[5], args[6]
		for i := 7; i+1 < len(args); i += 2 {
			if strings.HasPrefix(args[i], "sample_") {
				args[i+1] = ID(args[i+1]).String()
			}
		}
		setColumns(t, nb.Schema().Table("ACL"), a, args[7:])
		n.AddACL(args[1], a)
	case "acl-del":
		n.DelACL(args[1], args[2])
	case "pg":
		n.PutGroup(args[1], args[2:]...)
	case "as":
		n.PutSet(args[1], args[2:]...)
	case "sample":
		n.sample(t, args)
	case "copp":
		row := &nb.Copp{Header: schema.Header{UUID: ID("copp of " + args[1])}, Name: args[1]}
		setColumns(t, nb.Schema().Table("Copp"), row, []string{"meters", strings.Join(args[2:], ",")})
		n.Put("Copp", row)
		s := n.Switch(args[1])
		s.Copp = &row.UUID
		n.PutSwitch(s)
	case "sampling-app":
		number, err := strconv.ParseInt(args[2], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		n.Put("Sampling_App", &nb.SamplingApp{Header: schema.Header{UUID: ID(args[1])}, Type: args[1], ID: number})
	case "meter":
		rate, err := strconv.ParseInt(args[2], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		n.Put("Meter_Band", &nb.MeterBand{Header: schema.Header{UUID: ID(args[1] + " band")}, Action: "drop", Rate: rate})
		m := &nb.Meter{Header: schema.Header{UUID: ID(args[1])}, Name: args[1], Unit: "pktps", Bands: []schema.UUID{ID(args[1] + " band")}}
		setColumns(t, nb.Schema().Table("Meter"), m, args[3:])
		n.Put("Meter", m)
	case "pg-del", "as-del":
		n.Remove(ID(args[1]))
	case "claim":
		n.Claim(args[1], &northd.Claim{Chassis: args[2], Up: args[3] == "up"})
	case "unclaim":
		n.Claim(args[1], nil)
	case "chassis":
		n.SetChassis(args[1], args[2], true)
	case "global":
		options := map[string]string{}
		for _, kv := range args[1:] {
			k, v, _ := strings.Cut(kv, "=")
			options[k] = v
		}
		n.Put("NB_Global", &nb.NBGlobal{Header: schema.Header{UUID: ID("global")}, Options: options})
	default:
		t.Fatalf("unknown command %q", args)
	}
}

func (n *Network) sample(t testing.TB, args []string) {
	t.Helper()
	s := &nb.Sample{Header: schema.Header{UUID: ID(args[1])}}
	for i, text := range args[2:] {
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			s.Metadata = number
			continue
		}
		u := ID(fmt.Sprint(args[1], " collector ", i))
		n.Put("Sample_Collector", &nb.SampleCollector{Header: schema.Header{UUID: u}, ID: int64(i), SetID: int64(100 * i), Probability: number})
		s.Collectors = append(s.Collectors, u)
	}
	n.Put("Sample", s)
}

// setColumns sets columns to values: k=v,… for maps, elements separated by
// commas for sets.
func setColumns(t testing.TB, table *schema.Table, row schema.Row, args []string) {
	t.Helper()
	for ; len(args) >= 2; args = args[2:] {
		c := table.Column(args[0])
		if c == nil {
			t.Fatalf("%s has no column %s", table.Name, args[0])
		}
		if err := c.Set(row, datum(&c.Type, args[1])); err != nil {
			t.Fatal(err)
		}
	}
}

// southboundID is the UUID of a row, by the name of a northbound one, or by what makes
// it.
func southboundID(table, name string) schema.UUID {
	if words := strings.Split(name, "/"); len(words) > 1 {
		return schema.NameUUID(append([]string{table}, words...)...)
	}
	return ID(name)
}

// datum is a column's value: elements of sets and maps behind commas, or behind | where
// they have commas; those of maps with =, rows by name or UUID.
func datum(typ *schema.Type, s string) schema.Datum {
	if typ.IsScalar() {
		return schema.SetDatum(atom(typ.Key.Kind, s))
	}
	var d schema.Datum
	separator := ","
	if strings.Contains(s, "|") {
		separator = "|"
	}
	elements := strings.Split(strings.TrimSuffix(s, "|"), separator)
	slices.SortFunc(elements, func(a, b string) int {
		a, _, _ = strings.Cut(a, "=")
		b, _, _ = strings.Cut(b, "=")
		return strings.Compare(a, b)
	})
	for _, e := range elements {
		if !typ.IsMap() {
			d.Keys = append(d.Keys, atom(typ.Key.Kind, e))
			continue
		}
		k, v, _ := strings.Cut(e, "=")
		d.Keys, d.Values = append(d.Keys, atom(typ.Key.Kind, k)), append(d.Values, atom(typ.Value.Kind, v))
	}
	return d
}

func atom(kind schema.Kind, s string) schema.Atom {
	switch kind {
	case schema.KindInteger:
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			panic(err)
		}
		return schema.IntAtom(n)
	case schema.KindBoolean:
		return schema.BoolAtom(s == "true")
	case schema.KindUUID:
		id, err := schema.ParseUUID(s)
		if err != nil {
			id = ID(strings.TrimPrefix(s, "@"))
		}
		return schema.UUIDAtom(id)
	}
	return schema.StringAtom(s)
}

func (n *Network) golden(t testing.TB, name string, out northd.Output) string {
	empty := New(northd.Options{})
	empty.PutSwitch(empty.Switch("empty"))
	empty.Apply(t)
	var b bytes.Buffer
	what, rest, _ := strings.Cut(name, " ")
	switch sw, stage, _ := strings.Cut(rest, " "); what {
	case "flows":
		if sw == "" {
			sw, n, empty = "empty", empty, New(northd.Options{})
		}
		base := empty.FlowsOf("empty")
		for _, f := range n.FlowsOf(sw) {
			if at, _, _ := strings.Cut(f, " "); strings.HasSuffix(at, stage) && !slices.Contains(base, f) {
				fmt.Fprintln(&b, f)
			}
		}
	case "rows":
		n.writeRows(&b)
	case "problems":
		for _, p := range n.C.Problems() {
			fmt.Fprintf(&b, "%s %s %s: %s\n", p.Table, p.Name, p.Column, p.Reason)
		}
		for _, u := range n.C.Unread() {
			fmt.Fprintf(&b, "%d × %s %s: %s\n", u.Rows, u.Table, strings.TrimSpace(u.Column+" "+u.Key), u.Reason())
		}
	case "back":
		for _, ch := range out.NB {
			table := nb.Schema().Table(ch.Table)
			for _, name := range ch.Columns {
				fmt.Fprintf(&b, "%s %s %v\n", nameOf(northd.Change{Table: ch.Table, New: ch.New}), name, table.Column(name).Get(ch.New).Keys)
			}
		}
	default:
		t.Fatalf("unknown file %q", name)
	}
	return b.String()
}

// writeRows writes the southbound rows with names for UUIDs.
func (n *Network) writeRows(b *bytes.Buffer) {
	var lines []string
	for _, all := range []map[schema.UUID]northd.Change{n.Rows, n.agents} {
		for id, ch := range all {
			lines = append(lines, id.String(), nameOf(ch))
		}
	}
	names := strings.NewReplacer(lines...)
	var rows []string
	for table, all := range n.SB {
		if table == "DHCP_Options" || table == "DHCPv6_Options" {
			continue // they are always the same
		}
		for _, row := range all {
			text := table + " " + string(schema.EncodeRow(sb.Schema().Table(table), row, nil))
			switch row := row.(type) {
			case *sb.MulticastGroup:
				text += " ports " + n.sortedNames(row.Ports)
			case *sb.LogicalDPGroup:
				text += " datapaths " + n.sortedNames(row.Datapaths)
			case *sb.PortGroup:
				text += " ports " + strings.Join(row.Ports, " ")
			case *sb.DNS:
				text += fmt.Sprint(" records ", row.Records, " datapaths ", n.sortedNames(row.Datapaths))
			case *sb.AddressSet:
				text += " addresses " + strings.Join(row.Addresses, " ")
			}
			rows = append(rows, names.Replace(text))
		}
	}
	slices.Sort(rows)
	for _, r := range rows {
		fmt.Fprintln(b, r)
	}
}

// nameOf is what goldens call a row.
func nameOf(ch northd.Change) string {
	switch row := ch.New.(type) {
	case *nb.MeterBand:
		return "<band>"
	case *nb.ACL:
		if row.Name == nil {
			return "<>"
		}
		return "<" + *row.Name + ">"
	case *sb.Chassis:
		return row.Name
	}
	table := nb.Schema().Table(ch.Table)
	if table == nil { // a southbound one
		return "<" + ch.Table + ">"
	}
	c := table.Column("name")
	if c == nil || c.Len(ch.New) == 0 {
		return "<" + ch.Table + ">"
	}
	return c.Get(ch.New).Keys[0].Str()
}

func (n *Network) sortedNames(ids []schema.UUID) string {
	var names []string
	for _, u := range ids {
		if ch, ok := n.Rows[u]; ok {
			names = append(names, nameOf(ch))
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// Set adds or changes a row of any northbound table: columns and their values.
func (n *Network) Set(t testing.TB, table, name string, args []string) schema.Row {
	t.Helper()
	d := nb.Schema().Table(table)
	row := d.New(ID(name))
	if ch, ok := n.Rows[ID(name)]; ok {
		row = d.Clone(ch.New)
	} else if c := d.Column("name"); c != nil {
		if err := c.Set(row, schema.SetDatum(schema.StringAtom(name))); err != nil {
			t.Fatal(err)
		}
	}
	setColumns(t, d, row, args)
	n.Put(table, row)
	return row
}

// SetIn is Set of a row that a column of another row refers to.
func (n *Network) SetIn(t testing.TB, owners, owner, column, table, name string, args []string) {
	t.Helper()
	d := nb.Schema().Table(owners)
	row := d.New(ID(owner))
	if ch, ok := n.Rows[ID(owner)]; ok {
		row = d.Clone(ch.New)
	} else if err := d.Column("name").Set(row, schema.SetDatum(schema.StringAtom(owner))); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Column(column).InsertKeys(row, schema.SetDatum(schema.UUIDAtom(ID(name)))); err != nil {
		t.Fatal(err)
	}
	n.Put(owners, row)
	n.Set(t, table, name, args)
}

// TakeOut deletes a row that a column of another row refers to.
func (n *Network) TakeOut(t testing.TB, owners, owner, column, name string) {
	t.Helper()
	d := nb.Schema().Table(owners)
	row := d.Clone(n.Rows[ID(owner)].New)
	if _, err := d.Column(column).DeleteKeys(row, schema.SetDatum(schema.UUIDAtom(ID(name)))); err != nil {
		t.Fatal(err)
	}
	n.Put(owners, row)
	n.Remove(ID(name))
}
